//! The copy of the topic in memory.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{
        Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
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

/// A partition that was not known to be read to its end for this long is out of date. A revoked gateway is to be out within 60 s even where
/// its entry does not come through; what is known is up to ten seconds old (question and time-out), and the rest is room. A change of a
/// partition's leader takes less.
const OUT_OF_DATE_AFTER: Duration = Duration::from_secs(30);
const COME_BACK_AFTER: Duration = Duration::from_secs(5);

const NOT_READ: &str = "the directory of gateways is still being read; try again in a moment";
const OUT_OF_DATE: &str = "the directory of gateways is out of date; try again in a moment";

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
    /// Of the topic, where its entries come from.
    pub partition: usize,
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

/// All gateways. `now` counts from one fixed moment, the start of the service.
#[derive(Debug)]
pub struct Directory {
    entitlement: Entitlement,
    known: RwLock<Known>,
    caught_up: AtomicBool,
}

#[derive(Debug, Default)]
struct Known {
    gateways: HashMap<GatewayId, Arc<Gateway>>,
    /// That they are of.
    schools: HashMap<SchoolId, Arc<School>>,
    /// By partition of the topic: as of when all its entries are here.
    complete_as_of: Vec<Option<Duration>>,
}

impl Known {
    /// Whether a revocation may be missing here.
    fn is_stale(&self, partition: usize, now: Duration) -> bool {
        let as_of = self.complete_as_of.get(partition).copied().flatten();
        as_of.is_none_or(|as_of| now.saturating_sub(as_of) > OUT_OF_DATE_AFTER)
    }

    fn stale(&self, now: Duration) -> impl Iterator<Item = usize> {
        (0..self.complete_as_of.len()).filter(move |partition| self.is_stale(*partition, now))
    }
}

impl Directory {
    /// Empty, and not caught up.
    pub fn new(entitlement: Entitlement) -> Self {
        Self { entitlement, known: RwLock::default(), caught_up: AtomicBool::new(false) }
    }

    /// The gateway of this id, if it may post.
    ///
    /// # Errors
    /// When it is unknown or revoked, or when the directory does not know.
    pub fn admit(&self, id: GatewayId, now: Duration) -> Result<Arc<Gateway>, Refusal> {
        if !self.caught_up.load(Relaxed) {
            return Err(Refusal::for_now(Outcome::DirectoryNotReady, NOT_READ, COME_BACK_AFTER));
        }
        let known = self.known();
        let Some(gateway) = known.gateways.get(&id).map(Arc::clone) else {
            // Its entry may be where nothing comes from.
            if known.stale(now).next().is_some() {
                return Err(stale());
            }
            let message = "this gateway is not enrolled; enrol it and use its own credentials";
            return Err(Refusal::for_good(Outcome::GatewayUnknown, message));
        };
        match gateway.state {
            State::Active if known.is_stale(gateway.partition, now) => Err(stale()),
            State::Active => Ok(gateway),
            State::Revoked => {
                let message = "this gateway's access was ended; enrol a new gateway";
                Err(Refusal::for_good(Outcome::GatewayRevoked, message))
            }
        }
    }

    /// Whether some gateways can be let in; for readiness. Those of a partition that is out of date are refused one by one.
    ///
    /// # Errors
    /// In words, what is the matter.
    pub fn check(&self, now: Duration) -> Result<(), &'static str> {
        if !self.caught_up.load(Relaxed) {
            return Err(NOT_READ);
        }
        let known = self.known();
        if known.stale(now).count() == known.complete_as_of.len() {
            return Err(OUT_OF_DATE);
        }
        Ok(())
    }

    /// The partitions that are out of date.
    pub(super) fn stale(&self, now: Duration) -> BTreeSet<usize> {
        self.known().stale(now).collect()
    }

    /// Time since the partition that is furthest behind was known to be complete.
    pub fn age(&self, now: Duration) -> Duration {
        let known = self.known();
        let oldest = known.complete_as_of.iter().map(|as_of| as_of.unwrap_or_default()).min();
        now.saturating_sub(oldest.unwrap_or_default())
    }

    /// How many gateways it holds, revoked ones included.
    pub fn len(&self) -> usize {
        self.known().gateways.len()
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_to_change(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rates of the gateways and schools that have sent something of late, by their ids.
    pub(super) fn in_use(&self, now: Duration) -> Vec<(Bytes, Arc<Rates>)> {
        let known = self.known();
        let of_gateways = known.gateways.values().map(|gateway| (&gateway.id_text, &gateway.rates));
        let of_schools = known.schools.values().map(|school| (&school.text, &school.rates));
        let in_use = of_gateways.chain(of_schools).filter(|(_id, rates)| rates.are_in_use(now));
        in_use.map(|(id, rates)| (id.clone(), Arc::clone(rates))).collect()
    }

    /// Requests refused because too much is sent, by school, since the last call.
    pub(super) fn take_refused(&self) -> Vec<(Bytes, u64)> {
        let known = self.known();
        let refused = known.schools.values().map(|school| (school.text.clone(), school.refused.swap(0, Relaxed)));
        refused.filter(|(_school, requests)| *requests > 0).collect()
    }

    /// As [`Rates::keep_what_is_owed`], of all gateways and schools.
    pub(super) fn keep_what_is_owed(&self, now: Duration) {
        self.in_use(now).iter().for_each(|(_id, rates)| rates.keep_what_is_owed(now));
    }

    /// Processes a gateway's entry, or forgets the gateway.
    pub(super) fn apply(&self, change: Change) {
        let mut known = self.known_to_change();
        let before = known.gateways.get(&change.id()).map(Arc::clone);
        change.apply_to(&mut known, before.as_deref(), &self.entitlement);
    }

    /// Replaces everything by what a fresh reading of the topic has gathered.
    pub(super) fn replace(&self, changes: impl IntoIterator<Item = Change>) {
        let (before, schools) = {
            let known = self.known();
            (known.gateways.clone(), known.schools.clone())
        };
        let mut fresh = Known { schools, ..Known::default() };
        for change in changes {
            let before = before.get(&change.id()).map(Arc::as_ref);
            change.apply_to(&mut fresh, before, &self.entitlement);
        }
        // A school without a gateway is forgotten; what it owes would be paid off long before it has one again.
        let in_use: HashSet<Bytes> = fresh.gateways.values().map(|gateway| gateway.school.text.clone()).collect();
        fresh.schools.retain(|_id, school| in_use.contains(&school.text));
        let mut known = self.known_to_change();
        (known.gateways, known.schools) = (fresh.gateways, fresh.schools);
        drop(known);
        self.caught_up.store(true, Relaxed);
    }

    /// Notes as of when all entries of each partition are here.
    pub(super) fn complete_as_of(&self, partitions: Vec<Option<Duration>>) {
        self.known_to_change().complete_as_of = partitions;
    }
}

fn stale() -> Refusal {
    Refusal::for_now(Outcome::DirectoryStale, OUT_OF_DATE, COME_BACK_AFTER)
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// As it is now.
    Set { id: GatewayId, school: SchoolId, state: State, partition: usize },
    /// No longer there, or not readable: closed either way.
    Forget { id: GatewayId },
}

impl Change {
    const fn id(&self) -> GatewayId {
        match self {
            Self::Set { id, .. } | Self::Forget { id } => *id,
        }
    }

    fn apply_to(self, known: &mut Known, before: Option<&Gateway>, entitlement: &Entitlement) {
        match self {
            Self::Forget { id } => {
                known.gateways.remove(&id);
            }
            Self::Set { id, school, state, partition } => {
                let of_school = || {
                    Arc::new(School {
                        text: Bytes::from(school.to_string()),
                        rates: Arc::new(Rates::new(entitlement.school)),
                        memory: Budget::new(entitlement.school_memory),
                        reading: Budget::new(entitlement.school_reading),
                        refused: AtomicU64::new(0),
                    })
                };
                let school = Arc::clone(known.schools.entry(school).or_insert_with(of_school));
                // What it has sent counts on: else every entry, and every re-reading, would give it a burst.
                let rates = before.map_or_else(|| Arc::new(Rates::new(entitlement.gateway)), |before| Arc::clone(&before.rates));
                let gateway = Gateway { state, partition, rates, school, id_text: Bytes::from(id.to_string()), permitted: OnceLock::new() };
                known.gateways.insert(id, Arc::new(gateway));
            }
        }
    }
}

#[cfg(test)]
mod tests;
