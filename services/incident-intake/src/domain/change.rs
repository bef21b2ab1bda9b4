//! What happened to a case: the entries of its timeline, in the past tense.

use chrono::{DateTime, Utc};
use runtime::{AlertId, PersonId};
use serde::{Deserialize, Serialize};

use super::{
    close_reason::CloseReason,
    person::Person,
    phase::Phase,
    severity::Severity,
    threshold::Threshold,
    tlp::Tlp,
    words::{NoteWords, ReasonWords},
};

/// Something that happened to a case. Stores keep it in this shape, as JSON; its name is the same in stores, on wires and in the
/// audit chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum CaseChange {
    /// The alerts of a school became a case.
    Opened {
        /// The threshold they reached.
        threshold: Threshold,
    },
    /// Another alert, or the last of several that came since the previous entry of this kind.
    AlertAttached {
        alert_id: AlertId,
        /// Events since the previous entry of this kind, or since the opening.
        new_events: u64,
    },
    /// Somebody took it, gave it or gave it back.
    Assigned {
        /// Who had it.
        from: Option<Person>,
        /// Who has it.
        to: Option<Person>,
    },
    /// It moved on, or back.
    PhaseChanged {
        /// The phase it was in.
        from: Phase,
        /// The phase it is in.
        to: Phase,
    },
    /// Somebody wrote something down.
    NoteAdded {
        text: NoteWords,
        /// Who may read it.
        tlp: Tlp,
    },
    /// It was done with.
    Closed { reason: CloseReason, text: ReasonWords },
    /// It was not done with after all.
    Reopened { text: ReasonWords },
    /// It turned out worse.
    SeverityRaised {
        /// What it was.
        from: Severity,
        /// What it is.
        to: Severity,
    },
}

impl CaseChange {
    /// Takes the name of a person out of it.
    pub fn erase_name(&mut self, person: PersonId) {
        if let Self::Assigned { from, to } = self {
            for named in [from, to].into_iter().flatten().filter(|named| named.id == person) {
                named.name.clear();
            }
        }
    }
}

runtime::typed_ids! {
    /// An entry in a case's timeline.
    TimelineEntryId
}

/// An entry in a case's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// Stable.
    pub id: TimelineEntryId,
    pub at: DateTime<Utc>,
    /// Who; `None`: Schildwacht itself.
    pub actor: Option<Person>,
    pub change: CaseChange,
    /// The row in the school's audit chain that this stands on; the order of entries.
    pub audit_seq: i64,
    /// The first 12 hexadecimal digits of that row's hash.
    pub audit_hash: String,
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use runtime::Words;
    use uuid::Uuid;

    use super::*;

    fn person() -> Person {
        Person { id: Uuid::from_u64_pair(0, 7).into(), name: "Noor Claes".to_owned() }
    }

    fn words<const MAX: usize>() -> Words<MAX> {
        Words::parse("Omdat het zo is").unwrap()
    }

    /// One of each, as rows of years hold them.
    fn changes() -> Vec<CaseChange> {
        let within = TimeDelta::minutes(10);
        vec![
            CaseChange::Opened { threshold: Threshold::FirstAlert },
            CaseChange::Opened { threshold: Threshold::Events { count: 50, within } },
            CaseChange::Opened { threshold: Threshold::Alerts { count: 5, within } },
            CaseChange::AlertAttached { alert_id: Uuid::from_u64_pair(0, 9).into(), new_events: 4 },
            CaseChange::Assigned { from: None, to: Some(person()) },
            CaseChange::PhaseChanged { from: Phase::Open, to: Phase::PostIncident },
            CaseChange::NoteAdded { text: words(), tlp: Tlp::AmberStrict },
            CaseChange::Closed { reason: CloseReason::FalsePositive, text: words() },
            CaseChange::Reopened { text: words() },
            CaseChange::SeverityRaised { from: Severity::Low, to: Severity::VeryHigh },
        ]
    }

    #[test]
    fn what_is_stored_keeps_its_shape() {
        let stored: Vec<_> = changes().iter().map(|change| serde_json::to_string(change).unwrap()).collect();
        insta::assert_snapshot!(stored.join("\n"));
    }

    #[test]
    fn what_is_stored_can_be_read() {
        for change in changes() {
            let stored = serde_json::to_string(&change).unwrap();
            assert_eq!(serde_json::from_str::<CaseChange>(&stored).unwrap(), change, "{stored}");
        }
    }
}
