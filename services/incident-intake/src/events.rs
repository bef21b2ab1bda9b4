//! What incident-intake tells the others, and what their events lead to here.
//!
//! | Topic | Leads to |
//! |---|---|
//! | `monitor.alert.v1` | `record_alert`: a case opens, grows, or does not |
//! | `identity.organisation.v1` | `describe_school`: names of schools |
//! | `incident.case.v1`, from its end | [`follow_cases`]: whoever watches the queue is told |

use std::time::Duration;

use ::events::{Delivered, Envelope, HandleError, Handler, LogError, Rejected, SharedLog, Topic};
use auth::Context;
use events::TailFrom;
use proto::{identity::v1::OrganisationState, incident_intake::v1 as wire, network_monitor::v1::AlertEvent};
use runtime::{EventId, Shutdown};
use storage::Txn;

use crate::{
    app::{self, AlertOutcome, App, CaseNews},
    domain::{alert::AlertNews, case::Case, school::School},
};

const SOURCE: &str = "incident-intake";
const WAIT: Duration = Duration::from_secs(5);
const MAX_TOLD_AT_ONCE: usize = 500;
const PAUSE: Duration = Duration::from_secs(1);

/// What this service reads as a group.
pub const CONSUMED: &[Topic] = &[Topic::Alert, Topic::Organisation];

/// `incident.case.v1`: a case after a change.
pub fn case_event(cx: &Context, case: &Case, change: &str) -> Envelope {
    let event = wire::CaseEvent { case: Some(case.into()), change: change.to_owned() };
    Envelope::new(cx.ids.next::<EventId>(), cx.clock.now(), SOURCE, case.id.to_string(), &event)
}

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
                let news = news.map_err(|violations| HandleError::poison("alert_unreadable", violations))?;
                batch.push(app::record_alert(&self.app, &self.cx, txn, &news).await?);
            }
            Topic::Organisation => describe(txn, &envelope).await?,
            other => return Err(HandleError::poison("unexpected_topic", other)),
        }
        Ok(Vec::new())
    }

    fn committed(&self, batch: Self::Batch) {
        app::tell_outcomes(&self.app, &batch);
    }
}

async fn describe(txn: &Txn, envelope: &Envelope) -> Result<(), HandleError> {
    let unreadable = |problem: String| HandleError::poison("school_unreadable", problem);
    if envelope.data.is_none() {
        let key = String::from_utf8_lossy(&envelope.key);
        let id = key.parse().map_err(|_| unreadable(format!("key is no id: {key:?}")))?;
        return Ok(app::forget_school(txn, id).await?);
    }
    let school = envelope.decode::<OrganisationState>()?.school.unwrap_or_default();
    let school = School::try_from(school).map_err(|violations| unreadable(violations.to_string()))?;
    Ok(app::describe_school(txn, &school).await?)
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
                tracing::warn!(name: "case_feed.log_away", reason, "event log is away, watchers hear nothing until it is back");
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

#[cfg(test)]
mod tests {
    use content::{Library, Settings};
    use prost::Message as _;
    use runtime::{Clock, ManualClock};
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        alert::{Alert, AlertSeverity, Endpoint, Signature},
        case::Opening,
        change::{CloseReason, Person},
        class::IncidentClasses,
        reference::Reference,
        story::Story,
        words::ReasonWords,
    };

    /// A closed case with every field set to something that never changes.
    fn case() -> Case {
        let library = Library::<IncidentClasses>::load(&Settings::default()).unwrap();
        let pack = library.version("2026.1").unwrap();
        let at = Clock::from(ManualClock::at("2026-09-24T09:50:00Z".parse().unwrap())).now();
        let alert = Alert {
            id: Uuid::from_u64_pair(1, 1).into(),
            school_id: Uuid::from_u64_pair(2, 1).into(),
            signature: Signature { id: "suricata:1:1".into(), text: "ET MALWARE Check-in".into(), category: "Malware".into() },
            severity: AlertSeverity::High,
            source: Endpoint::default(),
            destination: Endpoint::default(),
            protocol: "tcp".into(),
            sensor: "suricata".into(),
            first_at: at,
            last_at: at,
            event_count: 3,
            raw_event: String::new(),
        };
        let (mut case, _) = Case::open(Opening {
            id: Uuid::from_u64_pair(3, 1).into(),
            reference: Reference { year: 2026, number: 412 },
            school: School { id: alert.school_id, name: "De Zandloper".into(), municipality: "Aalter".into() },
            class: &pack.body.classes["malware-contact"],
            content_version: &pack.version,
            targets: &pack.body.targets,
            news: &AlertNews { alert, first: true, new_events: 3 },
            earlier: &[],
            at,
        });
        let noor = Person { id: Uuid::from_u64_pair(4, 1).into(), name: "Noor Claes".into() };
        case.assign(Some(noor.clone()), at).unwrap();
        case.close(CloseReason::Resolved, ReasonWords::parse("Opgelost").unwrap(), noor, at).unwrap();
        // Words may be polished without this being another shape.
        let text = content::Text { nl: "nl".into(), en: "en".into() };
        case.story = Story { what: text.clone(), r#do: vec![text.clone(); 2], do_not: vec![text.clone()], call: text.clone() };
        (case.title, case.rsit_name) = (text.clone(), text);
        case
    }

    /// Others keep these bytes for months: a change here must be one that old readers understand.
    #[test]
    fn the_bytes_of_a_case_event_stay_as_they_are() {
        let event = wire::CaseEvent { case: Some((&case()).into()), change: "closed".to_owned() };
        let hex = |line: &[u8]| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let lines: Vec<String> = event.encode_to_vec().chunks(48).map(hex).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
