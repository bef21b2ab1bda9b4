//! Shows a contact.

use auth::{Action, Context};
use runtime::{ContactId, Error, Result};

use super::App;
use crate::{domain::Contact, store};

/// `NotFound` also when the caller may not see it.
pub async fn get_contact(app: &App, cx: &Context, id: ContactId) -> Result<Contact> {
    let scope = cx.scope(Action::ContactRead)?;
    store::contact::find(app.database.reader(), &scope, id).await?.ok_or_else(|| Error::not_found("contact"))
}
