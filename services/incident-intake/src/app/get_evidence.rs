//! Gives one alert of a case.

use auth::{Action, Context};
use runtime::{AlertId, CaseId, Error, Result};

use super::{App, Exhibit};
use crate::store;

/// `NotFound` also when the caller may not see the case.
pub async fn get_evidence(app: &App, cx: &Context, case: CaseId, alert: AlertId) -> Result<Exhibit> {
    let scope = cx.scope(Action::CaseRead)?;
    let reader = app.database.reader();
    let case = store::case::find(reader, &scope, case).await?.ok_or_else(|| Error::not_found("case"))?;
    // What a sensor saw is more than that there is a case: board members and DPOs see cases only.
    cx.require(Action::AlertRead, case.school.id)?;
    let alert = store::evidence::find(reader, case.id, alert).await?.ok_or_else(|| Error::not_found("alert"))?;
    Ok(alert.into())
}
