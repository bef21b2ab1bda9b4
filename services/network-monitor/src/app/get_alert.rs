//! Shows an alert.

use auth::{Action, Context};
use runtime::{AlertId, Error, Result, SchoolId};

use super::{App, list_alerts::name_alerts};
use crate::{domain::alert::NamedAlert, store};

/// `NotFound` also when the caller may not see it.
pub async fn get_alert(app: &App, cx: &Context, school: SchoolId, id: AlertId) -> Result<NamedAlert> {
    cx.require(Action::AlertRead, school)?;
    let scope = cx.scope(Action::AlertRead)?;
    let alert = store::alert::find(app.database.reader(), &scope, school, id).await?;
    let named = name_alerts(app, &scope, alert.into_iter().collect()).await?;
    named.into_iter().next().ok_or_else(|| Error::not_found("alert"))
}
