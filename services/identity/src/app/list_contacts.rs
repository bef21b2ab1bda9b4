//! Lists the contacts of a school.

use auth::{Action, Context};
use runtime::{Result, SchoolId};
use serde::Serialize;
use storage::{Page, PageRequest, Paging};

use super::App;
use crate::{domain::Contact, store};

/// A page of contacts.
#[derive(Debug, Clone, Serialize)]
pub struct ListContacts {
    pub school_id: SchoolId,
    pub page: PageRequest,
}

/// Those within the caller's scope.
pub async fn list_contacts(app: &App, cx: &Context, asked: ListContacts) -> Result<Page<Contact>> {
    cx.require(Action::ContactRead, asked.school_id)?;
    let scope = cx.scope(Action::ContactRead)?;
    let paging = Paging::begin(&asked, &asked.page)?;
    Ok(store::contact::list(app.database.reader(), &scope, asked.school_id, &paging).await?)
}
