//! Schools of which a record was quarantined, as slow or deadly: what else they send is soon like it.
//!
//! One slow record costs its partition three time-outs before it is known: once in company, twice alone. A school that sends many would cost its
//! neighbours that for each. So for an hour after a quarantine its records come after those of all others, and each has one try, of a tenth of the
//! time. While too many reads of earlier ones go on, which cannot be stopped, its records are quarantined without a try.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

const SUSPECT_FOR: TimeDelta = TimeDelta::hours(1);
/// Many more than there are schools that misbehave at once.
const MOST: usize = 1_000;

/// By key, when a record was last quarantined.
#[derive(Debug, Default)]
pub(super) struct Suspects(Mutex<HashMap<Bytes, DateTime<Utc>>>);

impl Suspects {
    /// A record of this school was quarantined.
    pub(super) fn add(&self, key: &Bytes, now: DateTime<Utc>) {
        let mut suspects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if suspects.len() >= MOST {
            suspects.retain(|_, since| now - *since < SUSPECT_FOR);
        }
        if suspects.len() < MOST || suspects.contains_key(key) {
            // A copy, because the key shares the bytes of a whole batch.
            suspects.insert(Bytes::copy_from_slice(key), now);
        }
    }

    pub(super) fn has(&self, key: &Bytes, now: DateTime<Utc>) -> bool {
        let suspects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        suspects.get(key).is_some_and(|since| now - *since < SUSPECT_FOR)
    }

    /// All of them; most often none.
    pub(super) fn at(&self, now: DateTime<Utc>) -> HashSet<Bytes> {
        let suspects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        suspects.iter().filter(|(_, since)| now - **since < SUSPECT_FOR).map(|(key, _)| key.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_school_is_suspect_for_an_hour_after_its_last_quarantine() {
        let now: DateTime<Utc> = "2026-09-24T09:50:00Z".parse().unwrap();
        let at = |minutes: i64| now + TimeDelta::minutes(minutes);
        let suspects = Suspects::default();
        let (school, other) = (Bytes::from_static(b"school"), Bytes::from_static(b"other"));
        suspects.add(&school, at(0));
        assert!(suspects.has(&school, at(59)) && !suspects.has(&school, at(60)) && !suspects.has(&other, at(0)));
        suspects.add(&school, at(59));
        assert!(suspects.has(&school, at(118)));
        assert_eq!((suspects.at(at(118)), suspects.at(at(119))), ([school].into(), HashSet::new()));
    }

    #[test]
    fn so_many_are_remembered_and_those_of_long_ago_give_way() {
        let now: DateTime<Utc> = "2026-09-24T09:50:00Z".parse().unwrap();
        let suspects = Suspects::default();
        let key = |number: usize| Bytes::from(number.to_string());
        (0..=MOST).for_each(|number| suspects.add(&key(number), now));
        assert!(suspects.has(&key(MOST - 1), now) && !suspects.has(&key(MOST), now));
        let later = now + SUSPECT_FOR;
        suspects.add(&key(MOST), later);
        assert!(suspects.has(&key(MOST), later));
        assert_eq!(suspects.0.lock().unwrap().len(), 1);
    }
}
