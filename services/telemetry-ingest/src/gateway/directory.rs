//! The copy of the topic in memory.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use runtime::{GatewayId, SchoolId};

use crate::{
    limit::{Budget, RateLimits, Rates},
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
    /// How much it may send.
    pub rates: Arc<Rates>,
    pub school: Arc<School>,
    /// Its own id as text.
    pub id_text: Bytes,
    /// What the policies say about its posting; asked once, as they say it of the gateway itself.
    pub permitted: OnceLock<bool>,
}

impl Gateway {
    /// Charges the gateway and its school for work that was done.
    pub fn charge(&self, events: u64, bytes: u64, now: Duration) {
        self.rates.charge(events, bytes, now);
        self.school.rates.charge(events, bytes, now);
    }
}

/// What the gateways of a school share, so that more gateways do not make more of it.
#[derive(Debug)]
pub struct School {
    /// Its id as text: key and header of its records.
    pub text: Bytes,
    /// How much its gateways may send together.
    pub rates: Arc<Rates>,
    /// Memory that their requests under way may take.
    pub memory: Budget,
    /// Of that, what may be held by bodies that are still coming in, at their senders' pace.
    pub reading: Budget,
    /// Requests refused for its rates or a gateway's, since somebody looked.
    refused: AtomicU64,
}

impl School {
    /// Notes a request that was refused because too much is sent.
    pub fn note_refusal(&self) {
        self.refused.fetch_add(1, Relaxed);
    }
}

/// What every gateway may take, and every school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entitlement {
    pub gateway: RateLimits,
    pub school: RateLimits,
    /// Memory for a school's requests under way, in bytes.
    pub school_memory: usize,
    /// Of that, for bodies that are still coming in.
    pub school_reading: usize,
}

/// All gateways, and the schools that they are of.
#[derive(Debug, Default, Clone)]
struct Register {
    gateways: HashMap<GatewayId, Arc<Gateway>>,
    schools: HashMap<SchoolId, Arc<School>>,
}

/// All gateways. `now` counts from one fixed moment, the start of the service.
#[derive(Debug)]
pub struct Directory {
    entitlement: Entitlement,
    register: RwLock<Register>,
    caught_up: AtomicBool,
    /// Milliseconds, from where `now` counts.
    last_heard: AtomicU64,
}

impl Directory {
    /// Empty, and not caught up.
    pub fn new(entitlement: Entitlement) -> Self {
        Self { entitlement, register: RwLock::default(), caught_up: AtomicBool::new(false), last_heard: AtomicU64::new(0) }
    }

    /// The gateway of this id, if it may post.
    ///
    /// # Errors
    /// When it is unknown or revoked, or when the directory does not know.
    pub fn admit(&self, id: GatewayId, now: Duration) -> Result<Arc<Gateway>, Refusal> {
        if let Err(problem) = self.check(now) {
            return Err(Refusal::for_now(Outcome::DirectoryNotReady, problem, COME_BACK_AFTER));
        }
        let gateway = self.register.read().unwrap_or_else(PoisonError::into_inner).gateways.get(&id).map(Arc::clone);
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
        self.register.read().unwrap_or_else(PoisonError::into_inner).gateways.len()
    }

    /// The rates of the gateways and schools that have sent something of late, by their ids.
    pub(super) fn in_use(&self, now: Duration) -> Vec<(Bytes, Arc<Rates>)> {
        let register = self.register.read().unwrap_or_else(PoisonError::into_inner);
        let of_gateways = register.gateways.values().map(|gateway| (&gateway.id_text, &gateway.rates));
        let of_schools = register.schools.values().map(|school| (&school.text, &school.rates));
        let in_use = of_gateways.chain(of_schools).filter(|(_id, rates)| rates.are_in_use(now));
        in_use.map(|(id, rates)| (id.clone(), Arc::clone(rates))).collect()
    }

    /// Requests refused because too much is sent, by school, since the last call.
    pub(super) fn take_refused(&self) -> Vec<(Bytes, u64)> {
        let register = self.register.read().unwrap_or_else(PoisonError::into_inner);
        let refused = register.schools.values().map(|school| (school.text.clone(), school.refused.swap(0, Relaxed)));
        refused.filter(|(_school, requests)| *requests > 0).collect()
    }

    /// As [`Rates::keep_what_is_owed`], of all gateways and schools.
    pub(super) fn keep_what_is_owed(&self, now: Duration) {
        self.in_use(now).iter().for_each(|(_id, rates)| rates.keep_what_is_owed(now));
    }

    /// Processes a gateway's entry, or forgets the gateway.
    pub(super) fn apply(&self, change: Change) {
        let mut register = self.register.write().unwrap_or_else(PoisonError::into_inner);
        let before = register.gateways.get(&change.id()).map(Arc::clone);
        change.apply_to(&mut register, before.as_deref(), &self.entitlement);
    }

    /// Replaces everything by what a fresh reading of the topic has gathered.
    pub(super) fn replace(&self, changes: impl IntoIterator<Item = Change>) {
        let before = self.register.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut fresh = Register { gateways: HashMap::new(), schools: before.schools };
        for change in changes {
            let before = before.gateways.get(&change.id()).map(Arc::as_ref);
            change.apply_to(&mut fresh, before, &self.entitlement);
        }
        // A school without a gateway is forgotten; what it owes would be paid off long before it has one again.
        let in_use: HashSet<Bytes> = fresh.gateways.values().map(|gateway| gateway.school.text.clone()).collect();
        fresh.schools.retain(|_id, school| in_use.contains(&school.text));
        *self.register.write().unwrap_or_else(PoisonError::into_inner) = fresh;
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

    fn apply_to(self, register: &mut Register, before: Option<&Gateway>, entitlement: &Entitlement) {
        match self {
            Self::Forget { id } => {
                register.gateways.remove(&id);
            }
            Self::Set { id, school, state } => {
                let of_school = || {
                    Arc::new(School {
                        text: Bytes::from(school.to_string()),
                        rates: Arc::new(Rates::new(entitlement.school)),
                        memory: Budget::new(entitlement.school_memory),
                        reading: Budget::new(entitlement.school_reading),
                        refused: AtomicU64::new(0),
                    })
                };
                let school = Arc::clone(register.schools.entry(school).or_insert_with(of_school));
                // What it has sent counts on: else every entry, and every re-reading, would give it a burst.
                let rates = before.map_or_else(|| Arc::new(Rates::new(entitlement.gateway)), |before| Arc::clone(&before.rates));
                let gateway = Gateway { state, rates, school, id_text: Bytes::from(id.to_string()), permitted: OnceLock::new() };
                register.gateways.insert(id, Arc::new(gateway));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use runtime::Ids;

    use super::*;
    use crate::limit::Rate;

    const RATE: Rate = Rate { per_second: 1, burst: 1 };
    const OF_GATEWAY: RateLimits = RateLimits { events: RATE, bytes: RATE };
    const ENTITLEMENT: Entitlement = Entitlement { gateway: OF_GATEWAY, school: OF_GATEWAY.times(2), school_memory: 1, school_reading: 1 };

    fn set(id: GatewayId, state: State) -> Change {
        Change::Set { id, school: Ids::counted().next(), state }
    }

    fn outcome(directory: &Directory, id: GatewayId, now: Duration) -> Outcome {
        directory.admit(id, now).map_or_else(|refusal| refusal.outcome, |_gateway| Outcome::Accepted)
    }

    #[test]
    fn nobody_is_admitted_before_the_directory_has_caught_up_or_when_it_is_out_of_date() {
        let directory = Directory::new(ENTITLEMENT);
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
        let directory = Directory::new(ENTITLEMENT);
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
        let directory = Directory::new(ENTITLEMENT);
        directory.heard(now);
        directory.replace([set(id, State::Active)]);
        let gateway = directory.admit(id, now).unwrap();
        gateway.charge(60, 1, now);
        let changes: [fn(&Directory, Change); 2] = [Directory::apply, |directory, change| directory.replace([change])];
        for change in changes {
            change(&directory, set(id, State::Active));
            let gateway = directory.admit(id, now).unwrap();
            assert!(gateway.rates.check(now).is_err());
            assert!(gateway.school.rates.check(now).is_err(), "its school has sent it too");
            assert_eq!(directory.in_use(now).len(), 2, "the gateway and its school");
        }
    }

    #[test]
    fn more_gateways_do_not_give_a_school_more() {
        let (ids, now) = (Ids::counted(), Duration::from_secs(1));
        let (school, elsewhere): (SchoolId, SchoolId) = (ids.next(), ids.next());
        let gateways: Vec<GatewayId> = (0..4).map(|_| ids.next()).collect();
        let set = |id: GatewayId, school| Change::Set { id, school, state: State::Active };
        let directory = Directory::new(ENTITLEMENT);
        directory.heard(now);
        directory.replace(gateways.iter().map(|id| set(*id, if *id == gateways[3] { elsewhere } else { school })));
        let found: Vec<_> = gateways.iter().map(|id| directory.admit(*id, now).unwrap()).collect();
        // Each a little over its own limit; the third gateway finds the school's used up.
        found[0].charge(2, 0, now);
        found[1].charge(2, 0, now);
        assert_eq!((found[2].rates.check(now), found[2].school.rates.check(now)), (Ok(()), Err(Duration::from_secs(1))));
        assert_eq!(found[3].school.rates.check(now), Ok(()), "another school has its own");
        assert!(Arc::ptr_eq(&found[0].school, &found[2].school));
    }

    #[test]
    fn a_school_without_gateways_is_forgotten() {
        let (ids, now) = (Ids::counted(), Duration::from_secs(1));
        let (first, last, school, elsewhere): (GatewayId, GatewayId, SchoolId, SchoolId) = (ids.next(), ids.next(), ids.next(), ids.next());
        let directory = Directory::new(ENTITLEMENT);
        directory.replace([Change::Set { id: first, school, state: State::Active }]);
        directory.replace([Change::Set { id: last, school: elsewhere, state: State::Active }]);
        directory.heard(now);
        let kept: Vec<SchoolId> = directory.register.read().unwrap().schools.keys().copied().collect();
        assert_eq!(kept, [elsewhere]);
        assert!(directory.admit(last, now).is_ok());
    }
}
