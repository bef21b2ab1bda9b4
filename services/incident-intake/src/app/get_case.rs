//! Gives one case.

use auth::{Action, Context};
use runtime::{CaseId, Error, Result};

use super::App;
use crate::{domain::case::Case, store};

/// `NotFound` also when the caller may not see it.
pub async fn get_case(app: &App, cx: &Context, id: CaseId) -> Result<Case> {
    let scope = cx.scope(Action::CaseRead)?;
    let case = store::case::find(app.database.reader(), &scope, id).await?;
    case.ok_or_else(|| Error::not_found("case"))
}
