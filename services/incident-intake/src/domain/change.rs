//! What happened to a case: the entries of its timeline, in the past tense.

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};
use runtime::{AlertId, PersonId, TimelineEntryId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    case::Phase,
    severity::Severity,
    threshold::Threshold,
    words::{NoteWords, ReasonWords},
};

/// Somebody who works on a case, as the identity provider named them at that moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Stable.
    pub id: PersonId,
    /// For people to read.
    pub name: String,
}

/// Something that happened to a case. Stores keep it in this shape, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseChange {
    /// The alerts of a school became a case.
    Opened {
        /// The threshold they reached.
        threshold: Threshold,
    },
    /// Another alert, or the last of several that came since the previous entry of this kind.
    AlertAttached {
        /// The alert.
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
        /// What.
        text: NoteWords,
        /// Who may read it.
        tlp: Tlp,
    },
    /// It was done with.
    Closed {
        /// Why.
        reason: CloseReason,
        /// In words.
        text: ReasonWords,
    },
    /// It was not done with after all.
    Reopened {
        /// Why, in words.
        text: ReasonWords,
    },
    /// It turned out worse.
    SeverityRaised {
        /// What it was.
        from: Severity,
        /// What it is.
        to: Severity,
    },
}

impl CaseChange {
    /// Stable name, snake_case: in stores, on wires, in the audit chain.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::AlertAttached { .. } => "alert_attached",
            Self::Assigned { .. } => "assigned",
            Self::PhaseChanged { .. } => "phase_changed",
            Self::NoteAdded { .. } => "note_added",
            Self::Closed { .. } => "closed",
            Self::Reopened { .. } => "reopened",
            Self::SeverityRaised { .. } => "severity_raised",
        }
    }
}

/// An entry in a case's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// Stable.
    pub id: TimelineEntryId,
    /// When.
    pub at: DateTime<Utc>,
    /// Who; `None`: Schildwacht itself.
    pub actor: Option<Person>,
    /// What.
    pub change: CaseChange,
    /// The row in the school's audit chain that this stands on; the order of entries.
    pub audit_seq: i64,
    /// The first 12 hexadecimal digits of that row's hash.
    pub audit_hash: String,
}

/// Why a case was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// It happened and is solved.
    Resolved,
    /// It did not happen. The signature stays quiet at this school for a while.
    FalsePositive,
    /// It happened and does not matter.
    NoActionNeeded,
    /// Another case covers it.
    Duplicate,
}

/// Traffic Light Protocol 2.0: who may read a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tlp {
    /// Only the people it was given to.
    Red,
    /// Only within their organisation.
    AmberStrict,
    /// Within their organisation and its clients who need it.
    Amber,
    /// Within the community.
    Green,
    /// Anybody.
    Clear,
}

/// A name that is not one of a closed set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not one of the names this can have")]
pub struct UnknownName(pub String);

/// Gives a closed set its names, for stores and wires.
macro_rules! named {
    ($type:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name).ok_or_else(|| UnknownName(name.to_owned()))
            }
        }
    };
}

named!(CloseReason {
    Resolved => "resolved",
    FalsePositive => "false_positive",
    NoActionNeeded => "no_action_needed",
    Duplicate => "duplicate",
});

named!(Tlp {
    Red => "TLP:RED",
    AmberStrict => "TLP:AMBER+STRICT",
    Amber => "TLP:AMBER",
    Green => "TLP:GREEN",
    Clear => "TLP:CLEAR",
});

named!(Phase {
    Open => "open",
    InProgress => "in_progress",
    Containment => "containment",
    Eradication => "eradication",
    Recovery => "recovery",
    PostIncident => "post_incident",
});

impl Threshold {
    /// Stable name, snake_case: why a case opened.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstAlert => "first_alert",
            Self::Events { .. } => "events_within_window",
            Self::Alerts { .. } => "alerts_within_window",
            Self::Never => "never",
        }
    }

    /// How many events or alerts, and within what time; one and zero for a first alert.
    pub const fn figures(self) -> (u64, TimeDelta) {
        match self {
            Self::Events { count, within } | Self::Alerts { count, within } => (count, within),
            Self::FirstAlert | Self::Never => (1, TimeDelta::zero()),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{super::words::Words, *};

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

    #[test]
    fn every_name_leads_back_to_its_value() {
        for reason in CloseReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(*reason));
        }
        for tlp in Tlp::ALL {
            assert_eq!(tlp.as_str().parse(), Ok(*tlp));
        }
        assert_eq!("TLP:WHITE".parse::<Tlp>(), Err(UnknownName("TLP:WHITE".to_owned())), "that was TLP 1.0");
    }
}
