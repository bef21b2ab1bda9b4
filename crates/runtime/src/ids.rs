//! Typed ids, UUIDv7, minted by use cases.
//!
//! An id of one kind cannot be passed where another is meant. Time-ordered ids keep the indexes of both stores compact.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use uuid::{ContextV7, Timestamp};
#[doc(hidden)]
pub use uuid::{Error as UuidError, Uuid};

use crate::clock::Clock;

/// Mints ids.
#[derive(Clone, Debug)]
pub struct Ids(Source);

#[derive(Clone, Debug)]
enum Source {
    Random { clock: Clock, within_a_millisecond: Arc<Mutex<AssertUnwindSafe<ContextV7>>> },
    Counted(Arc<AtomicU64>),
}

impl Ids {
    /// Ids that sort by the clock's time, and by order of minting within a millisecond.
    pub fn random(clock: Clock) -> Self {
        Self(Source::Random { clock, within_a_millisecond: Arc::new(Mutex::new(AssertUnwindSafe(ContextV7::new()))) })
    }

    /// Ids `…-000000000001`, `…2`, … for tests that show them.
    pub fn counted() -> Self {
        Self(Source::Counted(Arc::default()))
    }

    /// The next id of whatever kind is asked for.
    pub fn next<T: From<Uuid>>(&self) -> T {
        T::from(self.next_uuid())
    }

    fn next_uuid(&self) -> Uuid {
        match &self.0 {
            Source::Random { clock, within_a_millisecond } => {
                let now = clock.now();
                let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
                Uuid::new_v7(Timestamp::from_unix(within_a_millisecond.as_ref(), seconds, now.timestamp_subsec_nanos()))
            }
            Source::Counted(last) => {
                let number = last.fetch_add(1, Ordering::Relaxed) + 1;
                Uuid::from_u64_pair(0x0190_0000_0000_7000, 0x8000_0000_0000_0000 | number)
            }
        }
    }
}

/// Types of ids, a kind each. Those that several services know are below; one that a service keeps to itself stands with its
/// aggregate: `runtime::typed_ids!(/** Somebody to call at a school. */ ContactId);`.
#[macro_export]
macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name($crate::ids::Uuid);

        impl $name {
            /// The plain UUID, for stores and wires.
            pub const fn as_uuid(self) -> $crate::ids::Uuid {
                self.0
            }
        }

        impl From<$crate::ids::Uuid> for $name {
            fn from(uuid: $crate::ids::Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for $crate::ids::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ids::UuidError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::ids::Uuid::try_parse(text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+};
}

// Alphabetical; append only.
typed_ids! {
    /// An alert of network-monitor.
    AlertId,
    /// An app in the catalogue.
    AppId,
    /// A row of an audit chain.
    AuditId,
    /// A school board.
    BoardId,
    /// A case of the response team.
    CaseId,
    /// An event that a consumer could not process.
    DeadLetterId,
    /// A device on a school's network.
    DeviceId,
    /// An event; the same at every redelivery.
    EventId,
    /// A school's sensor gateway.
    GatewayId,
    /// A person, as the identity provider names them.
    PersonId,
    /// What a caller calls a request; the same again is carried out once.
    RequestId,
    /// A school (instelling).
    SchoolId,
    /// A site (vestiging) of a school.
    SiteId,
    /// A vendor of apps.
    VendorId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_sort_by_time() {
        let clock = crate::ManualClock::at("2026-09-24T09:50:00Z".parse().unwrap());
        let ids = Ids::random(clock.clone().into());
        let earlier: CaseId = ids.next();
        let same_moment: CaseId = ids.next();
        clock.advance(chrono::TimeDelta::milliseconds(2));
        let later: CaseId = ids.next();
        assert!(earlier < same_moment && same_moment < later, "{earlier}, {same_moment}, {later} should be in order");
    }

    #[test]
    fn an_id_survives_its_text() {
        let id: SchoolId = Ids::counted().next();
        assert_eq!(id.to_string().parse::<SchoolId>().unwrap(), id);
    }
}
