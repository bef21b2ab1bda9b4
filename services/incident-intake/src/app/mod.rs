//! Use cases, a file for each aggregate: authorize, load, decide, record. A long one has a file of its own.

mod aging;
mod alert_outcome;
mod case;
mod case_changes;
mod case_feed;
mod describe_school;
mod erase_person;
mod explain_alerts;
mod history;
mod metrics;
mod prune;
mod reads;
mod record_alert;
mod record_case;
mod watch_cases;

use std::sync::Arc;

use auth::Context;
use chrono::{DateTime, Utc};
use content::{Library, Pack};
use runtime::{Error, PersonId, Result, Shutdown};
use storage::{
    Database, Txn,
    audit::{self, OnRecord},
};

pub use aging::aging;
pub use alert_outcome::AlertOutcome;
pub use case::{
    Exhibit, ListCases, ListEvidence, ListTimeline, Whose, get_case, get_evidence, list_cases, list_evidence, list_timeline, measure_queue,
    summarize_queue,
};
pub use case_changes::{
    AddCaseNote, AssignCase, AssignTo, ChangeCasePhase, CloseCase, ReopenCase, add_case_note, assign_case, change_case_phase, close_case,
    reopen_case,
};
pub use case_feed::{CaseFeed, CaseNews};
pub use describe_school::{describe_school, forget_school};
pub use erase_person::erase_person;
pub use explain_alerts::{ExplainAlerts, Explanation, MOST_ALERTS, explain_alerts};
pub use prune::prune;
pub use record_alert::{record_alert, tell_outcomes};
pub use watch_cases::watch_cases;

use crate::domain::{classes::IncidentClasses, person::Person};
use metrics::Metrics;
use reads::Reads;

/// What use cases work with.
#[derive(Debug, Clone)]
pub struct App {
    database: Database,
    content: Arc<Library<IncidentClasses>>,
    /// Cases that may open at one school within an hour; what more would open belongs to one case, "flood".
    new_cases_per_hour: u64,
    feed: CaseFeed,
    shutdown: Shutdown,
    metrics: Arc<Metrics>,
    reads: Reads,
    on_record: OnRecord,
}

impl App {
    /// Over this database, with this content; streams end at the shutdown.
    pub fn new(database: Database, content: Library<IncidentClasses>, new_cases_per_hour: u32, shutdown: Shutdown) -> Self {
        let (content, metrics) = (Arc::new(content), Arc::new(Metrics::new()));
        Self {
            database,
            content,
            new_cases_per_hour: new_cases_per_hour.into(),
            feed: CaseFeed::new(),
            shutdown,
            metrics,
            reads: Reads::new(),
            on_record: OnRecord::default(),
        }
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

/// Cases are people's work. Answers who acts.
fn require_person(cx: &Context) -> Result<PersonId> {
    cx.principal().person_id().ok_or_else(|| Error::permission_denied("only a person can do this; sign in as yourself"))
}

/// The person who acts, as they are kept.
async fn acting_person(txn: &Txn, cx: &Context) -> Result<Person> {
    Ok(Person { id: require_person(cx)?, name: audit::name_to_keep(txn, cx).await? })
}
