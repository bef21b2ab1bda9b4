//! What the events of others lead to here.
//!
//! | Topic | Leads to |
//! |---|---|
//! | `monitor.alert.v1` | `record_alert`: a case opens, grows, or does not |
//! | `identity.erasure.v1` | `erase_person`: the name of somebody who worked on cases goes |
//! | `identity.organisation.v1` | `describe_school`: names of schools, and whom to call there |
//! | `incident.case.v1`, from its end | [`follow_cases`]: watchers of the queue get it |

use std::time::Duration;

use auth::Context;
use events::{Delivered, Envelope, HandleError, Handler, LogError, Rejected, SharedLog, TailFrom, Topic};
use proto::{identity::v1::OrganisationState, incident_intake::v1 as wire, network_monitor::v1::AlertEvent};
use runtime::Shutdown;
use storage::Txn;

use crate::{
    app::{self, AlertOutcome, App, CaseNews},
    domain::{alert::AlertNews, school::School},
};

const WAIT: Duration = Duration::from_secs(5);
const MAX_TOLD_AT_ONCE: usize = 500;
const PAUSE: Duration = Duration::from_secs(1);

/// What this service reads as a group.
pub const CONSUMED: &[Topic] = &[Topic::Alert, Topic::Organisation, Topic::Erasure];

/// Takes events of others in.
#[derive(Debug, Clone)]
pub struct Inbound {
    app: App,
    cx: Context,
}

impl Inbound {
    /// Acts as the service itself: `cx` is its own.
    pub fn new(app: App, cx: Context) -> Self {
        Self { app, cx }
    }
}

impl Handler for Inbound {
    /// What became of each news of an alert.
    type Batch = Vec<AlertOutcome>;

    async fn handle(&self, txn: &Txn, batch: &mut Self::Batch, delivered: &Delivered) -> Result<Vec<Rejected>, HandleError> {
        let envelope = Envelope::from_record(&delivered.record)?;
        match delivered.position.topic {
            Topic::Alert => {
                let news = AlertNews::try_from(envelope.decode::<AlertEvent>()?);
                let news = news.map_err(|error| HandleError::poison("alert_unreadable", error))?;
                batch.push(app::record_alert(&self.app, &self.cx, txn, &news).await?);
            }
            Topic::Organisation => describe(&self.cx, txn, &envelope).await?,
            Topic::Erasure => {
                service::hear_of_erasure(&self.cx, txn, &envelope, |cx, txn, person| Box::pin(app::erase_person(cx, txn, person))).await?;
            }
            other => return Err(HandleError::poison("unexpected_topic", other)),
        }
        Ok(Vec::new())
    }

    fn committed(&self, batch: Self::Batch) {
        app::tell_outcomes(&self.app, &batch);
    }
}

async fn describe(cx: &Context, txn: &Txn, envelope: &Envelope) -> Result<(), HandleError> {
    let unreadable = |problem: String| HandleError::poison("school_unreadable", problem);
    if envelope.data.is_none() {
        let key = String::from_utf8_lossy(&envelope.key);
        let id = key.parse().map_err(|_| unreadable(format!("key is no id: {key:?}")))?;
        return Ok(app::forget_school(cx, txn, id).await?);
    }
    let school = School::try_from(envelope.decode::<OrganisationState>()?).map_err(|error| unreadable(error.to_string()))?;
    Ok(app::describe_school(cx, txn, &school).await?)
}

/// Follows changes of cases, at whichever replica they were made, and tells who watches here. Until shutdown.
///
/// # Errors
/// When the log is damaged or was closed while we should run.
pub async fn follow_cases(app: App, log: SharedLog, shutdown: Shutdown) -> Result<(), LogError> {
    while !shutdown.is_requested() {
        match follow(&app, &log, &shutdown).await {
            Ok(()) => return Ok(()),
            Err(LogError::Unavailable { reason }) => {
                tracing::warn!(name: "case_feed.log_unavailable", reason, "event log unavailable, watchers get nothing until it is back");
                shutdown.sleep(PAUSE).await;
            }
            Err(LogError::Closed) if shutdown.is_requested() => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn follow(app: &App, log: &SharedLog, shutdown: &Shutdown) -> Result<(), LogError> {
    let mut tail = log.tail(Topic::Case, TailFrom::End).await?;
    // Between two tails changes may have been missed.
    app.feed().tell(CaseNews::Anything);
    while let Some(records) = shutdown.or_stop(tail.next(MAX_TOLD_AT_ONCE, WAIT)).await {
        for delivered in records? {
            app.feed().tell(news_of(&delivered).unwrap_or(CaseNews::Anything));
        }
    }
    Ok(())
}

/// `None` when it is not what we write: a newer version's event, say.
fn news_of(delivered: &Delivered) -> Option<CaseNews> {
    let envelope = Envelope::from_record(&delivered.record).ok()?;
    let event = envelope.decode::<wire::CaseEvent>().ok()?;
    let case = event.case?;
    Some(CaseNews::Changed {
        school_id: case.school_id.parse().ok()?,
        case_id: case.case_id.parse().ok()?,
        reference: case.reference,
        opened: event.change == "opened",
        at: proto::time::moment(case.update_time?)?,
    })
}
