//! What is known of records that are kept for groups that have not read them, and what was said of it.

use std::{collections::HashMap, sync::Mutex};

use tracing::error;

use super::lock::lock;
use crate::topic::Topic;

/// What is known of unread records.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pub latest: Mutex<Vec<Unread>>,
    /// What was said of a partition, so that it is said once.
    said: Mutex<HashMap<(Topic, i32), Alarm>>,
}

/// What a group has not read of a topic.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unread {
    pub topic: Topic,
    pub group: String,
    /// Of the fullest partition: what is kept for the group as a share of what the partition may keep. At 1 appends are refused.
    pub filled: f64,
    /// Time of the oldest record that it has not read, in µs since 1970; `None` when it has read all.
    pub oldest_micros: Option<i64>,
}

/// Said of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    Filling,
    Full,
}

impl Backlog {
    /// Says once that appends are refused, and for whom.
    pub(super) fn refused(&self, topic: Topic, partition: i32, group: &str, committed: i64) {
        if self.raise(topic, partition, Alarm::Full) {
            error!(
                name: "event_log.full", topic = topic.spec().name, partition, group, committed,
                "the topic is full of records that this group has not read; appends are refused until it has caught up"
            );
        }
    }

    /// Whether the alarm is new.
    pub(super) fn raise(&self, topic: Topic, partition: i32, alarm: Alarm) -> bool {
        let mut said = lock(&self.said);
        let is_new = said.get(&(topic, partition)).is_none_or(|before| *before < alarm);
        if is_new {
            said.insert((topic, partition), alarm);
        }
        is_new
    }

    /// Whether there was an alarm.
    pub(super) fn calm(&self, topic: Topic, partition: i32) -> bool {
        lock(&self.said).remove(&(topic, partition)).is_some()
    }
}
