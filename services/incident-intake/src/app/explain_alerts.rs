//! Says what alerts mean, for who looks at one of the school's devices: in plain words, and in which case they are.

use auth::{Action, Context};
use content::Text;
use runtime::{AlertId, Result, SchoolId};

use super::App;
use crate::{
    domain::{alert::Alert, case::Case, severity::Severity},
    store,
};

/// Most alerts in one question: what a page of network-monitor's holds at most.
pub const MOST_ALERTS: usize = 200;

/// Alerts of one school, as network-monitor gives them.
#[derive(Debug, Clone)]
pub struct ExplainAlerts {
    /// Whose alerts.
    pub school: SchoolId,
    /// All of that school.
    pub alerts: Vec<Alert>,
}

/// What one alert means.
#[derive(Debug, Clone)]
pub struct Explanation {
    pub alert_id: AlertId,
    /// What is the matter, for a director.
    pub title: Text,
    /// How bad.
    pub severity: Severity,
    /// The case it is in; `None` when it is in none that the caller may see.
    pub case: Option<Case>,
}

/// One explanation for each alert, in the order asked.
pub async fn explain_alerts(app: &App, cx: &Context, asked: ExplainAlerts) -> Result<Vec<Explanation>> {
    cx.require(Action::CaseRead, asked.school)?;
    let scope = cx.scope(Action::CaseRead)?;
    let pack = app.content_at(cx.clock.now())?;
    let reader = app.database.reader_within(&scope).await?;
    let cases = store::case_of_alert::cases_of(&reader, &scope, asked.school, &asked.alerts).await?;

    let explained = asked.alerts.iter().map(|alert| match cases.get(&alert.id) {
        Some(case) => Explanation { alert_id: alert.id, title: case.title.clone(), severity: case.severity, case: Some(case.clone()) },
        None => {
            let class = pack.body.classify(alert).class;
            Explanation { alert_id: alert.id, title: class.title.clone(), severity: class.severity_of(alert.severity), case: None }
        }
    });
    Ok(explained.collect())
}
