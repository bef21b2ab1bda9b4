//! Shows a school.

use auth::{Action, Context};
use runtime::{Error, Result, SchoolId};

use super::App;
use crate::{domain::School, store};

/// `NotFound` also when the caller may not see it.
pub async fn get_school(app: &App, cx: &Context, id: SchoolId) -> Result<School> {
    cx.require(Action::SchoolRead, id)?;
    let scope = cx.scope(Action::SchoolRead)?;
    store::school::find(app.database.reader(), &scope, id).await?.ok_or_else(|| Error::not_found("school"))
}
