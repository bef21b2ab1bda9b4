//! What a consumer counts and says: every record in one outcome, and dead letters that gave way.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge},
};

use super::{dead_letter, letter_bounds::GaveWay};
use crate::Topic;

/// A school whose letters give way is said once in this time.
const SAID_EVERY: TimeDelta = TimeDelta::hours(1);
/// Schools remembered for that; beyond it those of more than an hour ago are forgotten.
const REMEMBERED: usize = 1_000;

/// Counters of one consumer.
pub(super) struct Outcomes {
    consumer: KeyValue,
    records: Counter<u64>,
    retries: Counter<u64>,
    lag: Gauge<u64>,
    gave_way: Counter<u64>,
    said: Mutex<HashMap<(Topic, Bytes), Said>>,
}

struct Said {
    at: DateTime<Utc>,
    /// Letters that gave way since.
    letters: u64,
}

impl Outcomes {
    pub(super) fn of(consumer: &'static str) -> Self {
        let meter = opentelemetry::global::meter("schildwacht.events");
        Self {
            consumer: KeyValue::new("consumer", consumer),
            records: meter.u64_counter("consumer.records").with_description("records by outcome").build(),
            retries: meter.u64_counter("consumer.retries").with_description("transactions rolled back and retried").build(),
            lag: meter.u64_gauge("consumer.lag").with_description("records not consumed yet").build(),
            gave_way: meter
                .u64_counter("dead_letter.gave_way")
                .with_description("dead letters removed because their school reached its bound")
                .build(),
            said: Mutex::default(),
        }
    }

    pub(super) fn count(&self, outcome: &'static str, records: u64) {
        if records > 0 {
            self.records.add(records, &[self.consumer.clone(), KeyValue::new("outcome", outcome)]);
        }
    }

    pub(super) fn retry(&self) {
        self.retries.add(1, std::slice::from_ref(&self.consumer));
    }

    pub(super) fn lag(&self, records: u64) {
        self.lag.record(records, std::slice::from_ref(&self.consumer));
    }

    /// Counts letters that gave way, and says so once an hour for each school. Answers how many it said.
    pub(super) fn gave_way(&self, gave_way: &GaveWay, now: DateTime<Utc>) -> Option<u64> {
        let GaveWay { topic, ref key, letters } = *gave_way;
        if letters == 0 {
            return None;
        }
        self.gave_way.add(letters, &[self.consumer.clone(), KeyValue::new("topic", topic.spec().name)]);
        let in_all = self.to_say(topic, key, letters, now)?;
        // Keys of ours are ids; what is none is left out, since it might be anybody's words.
        let school = dead_letter::school_of(key).map(|school| school.to_string()).unwrap_or_default();
        tracing::error!(
            name: "dead_letter.gave_way",
            { consumer = %self.consumer.value, topic = topic.spec().name, school.id = school, letters = in_all },
            "dead letters of a school reached their bound: the oldest are gone, unless their records are replayed from the event log"
        );
        Some(in_all)
    }

    /// What was said did not reach the school's people: the next time it is said again.
    pub(super) fn was_not_told(&self, gave_way: &GaveWay, letters: u64) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = said.get_mut(&(gave_way.topic, gave_way.key.clone())) {
            *known = Said { at: DateTime::UNIX_EPOCH, letters: known.letters + letters };
        }
    }

    /// How many to tell of, or `None` when it is not yet time.
    fn to_say(&self, topic: Topic, key: &Bytes, letters: u64, now: DateTime<Utc>) -> Option<u64> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= REMEMBERED {
            said.retain(|_, said| now - said.at < SAID_EVERY);
        }
        match said.get_mut(&(topic, key.clone())) {
            Some(known) if now - known.at < SAID_EVERY => {
                known.letters += letters;
                None
            }
            known => {
                let in_all = letters + known.map_or(0, |known| known.letters);
                // A copy, because the key shares the bytes of a whole batch.
                said.insert((topic, Bytes::copy_from_slice(key)), Said { at: now, letters: 0 });
                Some(in_all)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_school_is_said_once_an_hour_with_all_that_gave_way_since() {
        let outcomes = Outcomes::of("test");
        let now: DateTime<Utc> = "2026-09-24T09:50:00Z".parse().unwrap();
        let (one, other) = (Bytes::from_static(b"one"), Bytes::from_static(b"other"));
        let said = |key: &Bytes, letters, minutes| outcomes.to_say(Topic::TestPlain, key, letters, now + TimeDelta::minutes(minutes));
        assert_eq!(said(&one, 3, 0), Some(3));
        assert_eq!(said(&one, 4, 59), None);
        assert_eq!(said(&other, 1, 59), Some(1), "each school for itself");
        assert_eq!(said(&one, 5, 60), Some(9), "with those that were not told");
    }
}
