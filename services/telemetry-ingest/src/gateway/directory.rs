//! The copy of the topic in memory.

use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use runtime::{GatewayId, SchoolId};

use crate::{
    limit::{Allowance, Budget, Rate},
    outcome::{Outcome, Refusal},
};

/// When the log has not answered for this long, the directory is out of date.
const OUT_OF_DATE_AFTER: Duration = Duration::from_secs(60);
const COME_BACK_AFTER: Duration = Duration::from_secs(5);

/// Whether a gateway may post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It may.
    Active,
    /// Its access was ended.
    Revoked,
}

/// A gateway as identity knows it, with what each of its records needs.
#[derive(Debug)]
pub struct Gateway {
    /// Whether it may post.
    pub state: State,
    /// Events it may send.
    pub events: Arc<Allowance>,
    /// Bytes, after decompression, it may send.
    pub bytes: Arc<Allowance>,
    /// Memory its requests under way may take.
    pub memory: Budget,
    /// The school's id as text: key and header of its records.
    pub school_text: Bytes,
    /// Its own id as text.
    pub id_text: Bytes,
    /// What the policies say about its posting; asked once, as they say it of the gateway itself.
    pub permitted: OnceLock<bool>,
}

/// What every gateway may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entitlement {
    pub events: Rate,
    /// In bytes after decompression.
    pub bytes: Rate,
    /// Memory for its requests under way, in bytes.
    pub memory: usize,
}

/// All gateways. `now` counts from one fixed moment, the start of the service.
#[derive(Debug)]
pub struct Directory {
    entitlement: Entitlement,
    gateways: RwLock<HashMap<GatewayId, Arc<Gateway>>>,
    caught_up: AtomicBool,
    /// Milliseconds, from where `now` counts.
    last_heard: AtomicU64,
}

impl Directory {
    /// Empty, and not caught up.
    pub fn new(entitlement: Entitlement) -> Self {
        Self { entitlement, gateways: RwLock::default(), caught_up: AtomicBool::new(false), last_heard: AtomicU64::new(0) }
    }

    /// The gateway of this id, if it may post.
    ///
    /// # Errors
    /// When it is unknown or revoked, or when the directory does not know.
    pub fn admit(&self, id: GatewayId, now: Duration) -> Result<Arc<Gateway>, Refusal> {
        if let Err(problem) = self.check(now) {
            return Err(Refusal::for_now(Outcome::DirectoryNotReady, problem, COME_BACK_AFTER));
        }
        let gateway = self.gateways.read().unwrap_or_else(PoisonError::into_inner).get(&id).map(Arc::clone);
        let Some(gateway) = gateway else {
            let message = "this gateway is not enrolled; enrol it and use its own credentials";
            return Err(Refusal::for_good(Outcome::GatewayUnknown, message));
        };
        match gateway.state {
            State::Active => Ok(gateway),
            State::Revoked => {
                let message = "this gateway's access was ended; enrol a new gateway";
                Err(Refusal::for_good(Outcome::GatewayRevoked, message))
            }
        }
    }

    /// Whether the directory can be relied on; for readiness and for every request.
    ///
    /// # Errors
    /// In words, what is the matter.
    pub fn check(&self, now: Duration) -> Result<(), &'static str> {
        if !self.caught_up.load(Relaxed) {
            return Err("the directory of gateways is still being read; try again in a moment");
        }
        if self.age(now) > OUT_OF_DATE_AFTER {
            return Err("the directory of gateways is out of date; try again in a moment");
        }
        Ok(())
    }

    /// Time since the last sign from the log.
    pub fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(Duration::from_millis(self.last_heard.load(Relaxed)))
    }

    /// How many gateways it holds, revoked ones included.
    pub fn len(&self) -> usize {
        self.gateways.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The gateways that have sent something of late.
    pub(super) fn in_use(&self, now: Duration) -> Vec<Arc<Gateway>> {
        let gateways = self.gateways.read().unwrap_or_else(PoisonError::into_inner);
        gateways.values().filter(|gateway| gateway.events.is_in_use(now) || gateway.bytes.is_in_use(now)).map(Arc::clone).collect()
    }

    /// As [`Allowance::keep_what_is_owed`], of all gateways.
    pub(super) fn keep_what_is_owed(&self, now: Duration) {
        for gateway in self.in_use(now) {
            gateway.events.keep_what_is_owed(now);
            gateway.bytes.keep_what_is_owed(now);
        }
    }

    /// Processes a gateway's entry, or forgets the gateway.
    pub(super) fn apply(&self, change: Change) {
        let mut gateways = self.gateways.write().unwrap_or_else(PoisonError::into_inner);
        let before = gateways.get(&change.id()).map(Arc::clone);
        change.apply_to(&mut gateways, before.as_deref(), &self.entitlement);
    }

    /// Replaces everything by what a fresh reading of the topic has gathered.
    pub(super) fn replace(&self, changes: impl IntoIterator<Item = Change>) {
        let before = self.gateways.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut fresh = HashMap::new();
        for change in changes {
            let before = before.get(&change.id()).map(Arc::as_ref);
            change.apply_to(&mut fresh, before, &self.entitlement);
        }
        *self.gateways.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        self.caught_up.store(true, Relaxed);
    }

    /// Notes a sign from the log.
    pub(super) fn heard(&self, now: Duration) {
        self.last_heard.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// As it is now.
    Set { id: GatewayId, school: SchoolId, state: State },
    /// No longer there, or not readable: closed either way.
    Forget { id: GatewayId },
}

impl Change {
    const fn id(&self) -> GatewayId {
        match self {
            Self::Set { id, .. } | Self::Forget { id } => *id,
        }
    }

    fn apply_to(self, gateways: &mut HashMap<GatewayId, Arc<Gateway>>, before: Option<&Gateway>, entitlement: &Entitlement) {
        match self {
            Self::Forget { id } => {
                gateways.remove(&id);
            }
            Self::Set { id, school, state } => {
                // What it has sent counts on: else every entry, and every re-reading, would give it a burst.
                let allowance = |of: fn(&Gateway) -> &Arc<Allowance>, rate| {
                    before.map_or_else(|| Arc::new(Allowance::new(rate)), |before| Arc::clone(of(before)))
                };
                let gateway = Gateway {
                    state,
                    events: allowance(|gateway| &gateway.events, entitlement.events),
                    bytes: allowance(|gateway| &gateway.bytes, entitlement.bytes),
                    memory: before.map_or_else(|| Budget::new(entitlement.memory), |before| before.memory.clone()),
                    school_text: Bytes::from(school.to_string()),
                    id_text: Bytes::from(id.to_string()),
                    permitted: OnceLock::new(),
                };
                gateways.insert(id, Arc::new(gateway));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use runtime::Ids;

    use super::*;

    const RATE: Rate = Rate { per_second: 1, burst: 1 };

    fn set(id: GatewayId, state: State) -> Change {
        Change::Set { id, school: Ids::counted().next(), state }
    }

    fn outcome(directory: &Directory, id: GatewayId, now: Duration) -> Outcome {
        directory.admit(id, now).map_or_else(|refusal| refusal.outcome, |_gateway| Outcome::Accepted)
    }

    #[test]
    fn nobody_is_admitted_before_the_directory_has_caught_up_or_when_it_is_out_of_date() {
        let directory = Directory::new(Entitlement { events: RATE, bytes: RATE, memory: 1 });
        let (id, mut now) = (Ids::counted().next(), Duration::from_secs(1));
        assert_eq!(outcome(&directory, id, now), Outcome::DirectoryNotReady);
        directory.heard(now);
        directory.replace([set(id, State::Active)]);
        assert_eq!(outcome(&directory, id, now), Outcome::Accepted);
        now += OUT_OF_DATE_AFTER + Duration::from_millis(1);
        assert_eq!(outcome(&directory, id, now), Outcome::DirectoryNotReady);
        directory.heard(now);
        assert_eq!(outcome(&directory, id, now), Outcome::Accepted);
    }

    #[test]
    fn each_entry_replaces_the_one_before() {
        let directory = Directory::new(Entitlement { events: RATE, bytes: RATE, memory: 1 });
        let (ids, now) = (Ids::counted(), Duration::ZERO);
        let (one, other): (GatewayId, GatewayId) = (ids.next(), ids.next());
        directory.replace([set(one, State::Active)]);
        assert_eq!(outcome(&directory, other, now), Outcome::GatewayUnknown);
        directory.apply(set(other, State::Active));
        directory.apply(set(one, State::Revoked));
        assert_eq!((outcome(&directory, one, now), outcome(&directory, other, now)), (Outcome::GatewayRevoked, Outcome::Accepted));
        directory.apply(Change::Forget { id: other });
        assert_eq!(outcome(&directory, other, now), Outcome::GatewayUnknown);
        directory.replace([set(ids.next(), State::Active)]);
        assert_eq!(directory.len(), 1);
    }

    #[test]
    fn what_a_gateway_has_sent_counts_on_when_its_entry_comes_again() {
        let (id, now) = (Ids::counted().next(), Duration::from_secs(1));
        let directory = Directory::new(Entitlement { events: RATE, bytes: RATE, memory: 1 });
        directory.heard(now);
        directory.replace([set(id, State::Active)]);
        let gateway = directory.admit(id, now).unwrap();
        crate::limit::pay_both([(&gateway.events, 60), (&gateway.bytes, 1)], now).unwrap();
        let changes: [fn(&Directory, Change); 2] = [Directory::apply, |directory, change| directory.replace([change])];
        for change in changes {
            change(&directory, set(id, State::Active));
            assert!(directory.admit(id, now).unwrap().events.check(now).is_err());
            assert_eq!(directory.in_use(now).len(), 1);
        }
    }
}
