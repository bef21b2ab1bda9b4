//! Use cases, one a file: authorize, load, decide, record.

mod add_case_note;
mod alert_outcome;
mod assign_case;
mod case_feed;
mod change_case_phase;
mod close_case;
mod describe_school;
mod explain_alerts;
mod get_case;
mod get_evidence;
mod list_cases;
mod list_evidence;
mod list_timeline;
mod measure_queue;
mod metrics;
mod prune;
mod record_alert;
mod record_case;
mod reopen_case;
mod summarize_queue;
mod watch_cases;

use std::sync::Arc;

use auth::Context;
use chrono::{DateTime, Utc};
use content::{Library, Pack};
use runtime::{Error, Result, Shutdown};
use storage::Database;

pub use add_case_note::{AddCaseNote, add_case_note};
pub use alert_outcome::AlertOutcome;
pub use assign_case::{AssignCase, AssignTo, assign_case};
pub use case_feed::{CaseFeed, CaseNews};
pub use change_case_phase::{ChangeCasePhase, change_case_phase};
pub use close_case::{CloseCase, close_case};
pub use describe_school::{describe_school, forget_school};
pub use explain_alerts::{ExplainAlerts, Explanation, MOST_ALERTS, explain_alerts};
pub use get_case::get_case;
pub use get_evidence::get_evidence;
pub use list_cases::{ListCases, Whose, list_cases};
pub use list_evidence::{Exhibit, ListEvidence, list_evidence};
pub use list_timeline::{ListTimeline, list_timeline};
pub use measure_queue::measure_queue;
pub use prune::prune;
pub use record_alert::{record_alert, tell_outcomes};
pub use reopen_case::{ReopenCase, reopen_case};
pub use summarize_queue::summarize_queue;
pub use watch_cases::watch_cases;

use crate::domain::{classes::IncidentClasses, person::Person};
use metrics::Metrics;

/// What use cases work with.
#[derive(Debug, Clone)]
pub struct App {
    database: Database,
    content: Arc<Library<IncidentClasses>>,
    feed: CaseFeed,
    shutdown: Shutdown,
    metrics: Arc<Metrics>,
}

impl App {
    /// Over this database, with this content; streams end at the shutdown.
    pub fn new(database: Database, content: Library<IncidentClasses>, shutdown: Shutdown) -> Self {
        Self { database, content: Arc::new(content), feed: CaseFeed::new(), shutdown, metrics: Arc::new(Metrics::new()) }
    }

    /// Where changes of cases are told to those who watch.
    pub fn feed(&self) -> &CaseFeed {
        &self.feed
    }

    fn content_at(&self, moment: DateTime<Utc>) -> Result<&Pack<IncidentClasses>> {
        // Not the alert's fault: it waits until somebody adds the content.
        self.content.at(moment).map_err(|error| Error::unavailable("content_not_in_force", error))
    }
}

/// The person who acts: cases are people's work.
fn acting_person(cx: &Context) -> Result<Person> {
    let id = cx.principal().person_id().ok_or_else(|| Error::permission_denied("only a person can do this; sign in as yourself"))?;
    Ok(Person { id, name: cx.principal().name.clone() })
}
