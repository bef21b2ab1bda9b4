//! Security events: what an investigation asks for first. A closed set, each written in one place, and never with a name, an address or a text.
//!
//! One is a line of the log (`security.event`, target `security`, so that a filter can keep them whatever else it drops) and a count
//! (`security.events`). The table with who writes which, and where, is `docs/security/events.md`.

use std::{
    fmt::Display,
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use opentelemetry::{KeyValue, metrics::Counter};
use strum::VariantArray;

/// Lines of one event in a second. A flood of refusals must not fill the disk; the count goes on, and the next line says how many were left out.
const LINES_IN_A_SECOND: u32 = 20;
const SECOND: Duration = Duration::from_secs(1);
/// Who acts when nobody knows.
pub const UNVERIFIED: &str = "unverified";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum SecurityEvent {
    /// Somebody who is known asked for what they may not do, or may not know of.
    AuthorisationRefused,
    /// Somebody who is known asked for what is not there, or not within their scope: many of these are probing.
    ResourceNotFound,
    /// A token was missing or wrong.
    TokenRefused,
    SignedIn,
    SignInFailed,
    SignedOut,
    /// A session ended without anybody signing out.
    SessionEnded,
    /// An operator ended all sessions of a person.
    SessionsEndedByOperator,
    /// Two operators erased who a person is.
    PersonErased,
    /// A person opened a case; once per person, case and hour.
    CaseRead,
    /// A list became a file.
    Exported,
    /// An operator looked at the content of a message that could not be processed.
    DeadLetterShown,
    /// An operator said that rows of the audit trail are gone with a restore.
    RestoreAccepted,
    /// A gateway sent more than it may.
    RateLimited,
    /// Somebody who may do it asked for one more than a school may have.
    BoundReached,
    /// The machine of a gateway got its secret for a code.
    GatewayCodeRedeemed,
    /// Somebody tried a code that is not good, or tried too often.
    GatewayCodeRefused,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum SecurityOutcome {
    Allowed,
    Refused,
}

/// Lines of one event in the second at hand.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    since: Option<Instant>,
    written: u32,
    left_out: u64,
}

static COUNTER: LazyLock<Counter<u64>> = LazyLock::new(|| {
    let meter = opentelemetry::global::meter("schildwacht.security");
    meter.u64_counter("security.events").with_description("security events, by what happened and why").build()
});
static PACES: Mutex<[Pace; SecurityEvent::VARIANTS.len()]> =
    Mutex::new([Pace { since: None, written: 0, left_out: 0 }; SecurityEvent::VARIANTS.len()]);

impl SecurityEvent {
    /// All of them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Stable, snake_case.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// How such an event always ends.
    pub const fn outcome(self) -> SecurityOutcome {
        match self {
            Self::AuthorisationRefused
            | Self::ResourceNotFound
            | Self::TokenRefused
            | Self::SignInFailed
            | Self::RateLimited
            | Self::BoundReached
            | Self::GatewayCodeRefused => SecurityOutcome::Refused,
            Self::SignedIn
            | Self::SignedOut
            | Self::SessionEnded
            | Self::SessionsEndedByOperator
            | Self::PersonErased
            | Self::CaseRead
            | Self::Exported
            | Self::DeadLetterShown
            | Self::RestoreAccepted
            | Self::GatewayCodeRedeemed => SecurityOutcome::Allowed,
        }
    }

    /// Writes it down. `actor` as audit rows name them (`person:<id>`) or [`UNVERIFIED`]; `action` as policies name it, or the method that was
    /// called; `reason` of a closed set, since it is a label of the metric; empty where the event says all.
    pub fn record(self, actor: &str, action: &str, resource: impl Display, reason: &'static str) {
        let labels = [KeyValue::new("event", self.name()), KeyValue::new("reason", reason)];
        COUNTER.add(1, &labels);
        let Some(left_out) = self.may_be_written(Instant::now()) else { return };
        let (event, outcome) = (self.name(), self.outcome().into_str());
        if left_out > 0 {
            tracing::warn!(name: "security.events_left_out", target: "security", event, count = left_out, "too many security events to write each of them");
        }
        match self.outcome() {
            SecurityOutcome::Allowed => {
                tracing::info!(name: "security.event", target: "security", event, outcome, reason, actor, action, resource = %resource, "security event");
            }
            SecurityOutcome::Refused => {
                tracing::warn!(name: "security.event", target: "security", event, outcome, reason, actor, action, resource = %resource, "security event");
            }
        }
    }

    /// How many were left out before this one, which may be written; `None` when it may not.
    fn may_be_written(self, now: Instant) -> Option<u64> {
        let mut paces = PACES.lock().unwrap_or_else(PoisonError::into_inner);
        // In the order of the variants.
        let pace = paces.get_mut(self as usize)?;
        let is_new_second = pace.since.is_none_or(|since| now.saturating_duration_since(since) >= SECOND);
        if is_new_second {
            let left_out = pace.left_out;
            *pace = Pace { since: Some(now), written: 1, left_out: 0 };
            return Some(left_out);
        }
        if pace.written < LINES_IN_A_SECOND {
            pace.written += 1;
            return Some(0);
        }
        pace.left_out += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_event_is_cut_and_says_how_much_was_left_out() {
        let (begin, event) = (Instant::now(), SecurityEvent::RateLimited);
        let written = |from: Instant, many: u64| (0..many).filter_map(|_| event.may_be_written(from)).collect::<Vec<_>>();
        assert_eq!(written(begin, 1_000), vec![0; LINES_IN_A_SECOND as usize]);
        assert_eq!(SecurityEvent::SignedIn.may_be_written(begin), Some(0), "another event is not cut");
        assert_eq!(written(begin + SECOND, 3), [1_000 - u64::from(LINES_IN_A_SECOND), 0, 0]);
    }
}
