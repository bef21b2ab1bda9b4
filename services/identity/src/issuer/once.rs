//! Things handed out once: sign-in requests on their way, authorization codes.
//!
//! Kept by the hash of their handle, for a limited time and in a limited number; when there are too many the oldest goes, so
//! that a flood delays nobody's sign-in that has just begun. What was redeemed is remembered until its time is over: a second
//! use of a code is a sign of theft, and the first use must then be undone (RFC 6749, 4.1.2).

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Secret, SecretHash};

/// What a handle stood for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed<T> {
    /// Its first use.
    First(T),
    /// Used before.
    Again(T),
    /// Never given out, or over time.
    Unknown,
}

/// Values by handle, each given out once; the oldest go first when there are too many.
pub struct Once<T> {
    keep: TimeDelta,
    at_most: usize,
    entries: Mutex<VecDeque<Entry<T>>>,
}

struct Entry<T> {
    handle: SecretHash,
    expires_at: DateTime<Utc>,
    redeemed: bool,
    value: T,
}

impl<T: Clone> Once<T> {
    /// Keeps each for `keep`, and `at_most` of them.
    pub fn new(keep: TimeDelta, at_most: usize) -> Self {
        Self { keep, at_most, entries: Mutex::default() }
    }

    /// Keeps a value and returns the handle that redeems it.
    pub fn hand_out(&self, value: T, now: DateTime<Utc>) -> Result<Secret, getrandom::Error> {
        let handle = Secret::generate()?;
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| now < entry.expires_at);
        if entries.len() >= self.at_most {
            entries.pop_front();
        }
        entries.push_back(Entry { handle: handle.hash(), expires_at: now + self.keep, redeemed: false, value });
        Ok(handle)
    }

    /// What the handle stands for; the first caller is told so.
    pub fn redeem(&self, handle: &str, now: DateTime<Utc>) -> Redeemed<T> {
        let hash = SecretHash::of(handle);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let found = entries.iter_mut().find(|entry| entry.handle == hash && now < entry.expires_at);
        let Some(entry) = found else { return Redeemed::Unknown };
        let value = entry.value.clone();
        if std::mem::replace(&mut entry.redeemed, true) { Redeemed::Again(value) } else { Redeemed::First(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap()
    }

    #[test]
    fn a_handle_is_good_for_one_use() {
        let codes = Once::new(TimeDelta::seconds(60), 10);
        let code = codes.hand_out("grant", moment(0)).unwrap();
        assert_eq!(codes.redeem(code.reveal(), moment(59)), Redeemed::First("grant"));
        assert_eq!(codes.redeem(code.reveal(), moment(59)), Redeemed::Again("grant"));
    }

    #[test]
    fn a_handle_is_good_for_no_longer_than_its_time() {
        let codes = Once::new(TimeDelta::seconds(60), 10);
        let code = codes.hand_out("grant", moment(0)).unwrap();
        assert_eq!(codes.redeem(code.reveal(), moment(60)), Redeemed::Unknown);
        assert_eq!(codes.redeem("invented", moment(0)), Redeemed::Unknown);
    }

    #[test]
    fn a_flood_pushes_out_the_oldest_and_takes_no_more_room() {
        let codes = Once::new(TimeDelta::seconds(60), 2);
        let handles: Vec<_> = (0..3).map(|number| codes.hand_out(number, moment(0)).unwrap()).collect();
        assert_eq!(codes.redeem(handles[0].reveal(), moment(1)), Redeemed::Unknown);
        assert_eq!(codes.redeem(handles[2].reveal(), moment(1)), Redeemed::First(2));
        assert_eq!(codes.entries.lock().unwrap().len(), 2);
    }
}
