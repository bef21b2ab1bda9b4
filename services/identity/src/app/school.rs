//! Use cases of schools, but for their import.

use auth::{Action, Context};
use runtime::{Error, Result, SchoolId};
use serde::Serialize;
use storage::{Page, PageRequest, Paging};

use super::App;
use crate::{domain::School, store};

/// A page of schools.
#[derive(Debug, Clone, Serialize)]
pub struct ListSchools {
    /// Part of a name, a municipality or a number; empty: all.
    pub query: String,
    /// Only these; empty: all.
    pub ids: Vec<SchoolId>,
    pub page: PageRequest,
}

/// `NotFound` also when the caller may not see it.
pub async fn get_school(app: &App, cx: &Context, id: SchoolId) -> Result<School> {
    cx.require(Action::SchoolRead, id)?;
    let scope = cx.scope(Action::SchoolRead)?;
    store::school::find(&app.database.reader_within(&scope).await?, &scope, id).await?.ok_or_else(|| Error::not_found("school"))
}

/// Those within the caller's scope, by name.
pub async fn list_schools(app: &App, cx: &Context, asked: ListSchools) -> Result<Page<School>> {
    let scope = cx.scope(Action::SchoolRead)?;
    let paging = Paging::begin(&asked, &asked.page)?;
    Ok(store::school::list(&app.database.reader_within(&scope).await?, &scope, &asked.query, &asked.ids, &paging).await?)
}
