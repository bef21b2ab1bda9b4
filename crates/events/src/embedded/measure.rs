//! How much is kept for groups that have not read it: measured in each pass of maintenance, shown as metrics, and warned about before
//! appends must be refused.

use std::{
    sync::{Arc, Weak},
    time::{Duration, SystemTime},
};

use opentelemetry::KeyValue;
use tracing::{info, warn};

use super::{
    backlog::{Alarm, Unread},
    cursor::Cursor,
    frame::micros,
    lock::lock,
    partition::Partition,
    shared::Shared,
};
use crate::topic::Topic;

/// Looks at every topic with a bound.
pub(super) fn measure(shared: &Shared, now_micros: i64) {
    let mut latest = Vec::new();
    for log in shared.all_topics() {
        let Some(max_bytes) = log.max_bytes else { continue };
        let most = max_bytes.saturating_sub(shared.config.segment_bytes).max(1);
        let groups = shared.groups.living(log.topic, shared.living_since(now_micros));
        for (number, partition) in (0..).zip(&log.partitions) {
            let filled = groups.iter().map(|(group, committed)| (filled(partition, committed.get(&number), most), group));
            let fullest = filled.max_by(|one, other| one.0.total_cmp(&other.0));
            warn_of(shared, log.topic, number, fullest);
        }
        latest.extend(groups.into_iter().map(|(group, committed)| {
            let places = || (0..).zip(&log.partitions).map(|(number, partition)| (partition, committed.get(&number)));
            Unread {
                topic: log.topic,
                group,
                filled: places().map(|(partition, committed)| filled(partition, committed, most)).fold(0.0, f64::max),
                oldest_micros: places().filter_map(|(partition, committed)| oldest_unread(partition, *committed?)).min(),
            }
        }));
    }
    *lock(&shared.backlog.latest) = latest;
}

fn filled(partition: &Partition, committed: Option<&i64>, most: u64) -> f64 {
    // As a share for people, it may be rounded.
    let unread = committed.filter(|committed| **committed < partition.end());
    unread.map_or(0.0, |committed| partition.bytes_from(*committed) as f64 / most as f64)
}

fn oldest_unread(partition: &Arc<Partition>, committed: i64) -> Option<i64> {
    // A reader says that a record cannot be read; here it only has no age.
    let (head, _) = Cursor::new(Arc::clone(partition), committed).next().ok()??;
    Some(head.time_micros)
}

fn warn_of(shared: &Shared, topic: Topic, partition: i32, fullest: Option<(f64, &String)>) {
    let (backlog, threshold) = (&shared.backlog, f64::from(shared.config.full_warning_percent) / 100.0);
    let name = topic.spec().name;
    match fullest {
        Some((filled, group)) if filled >= threshold => {
            if backlog.raise(topic, partition, Alarm::Filling) {
                let percent = (filled * 100.0).round();
                warn!(
                    name: "event_log.filling", topic = name, partition, group, percent,
                    "the topic fills with records that this group has not read; at 100 percent appends are refused"
                );
            }
        }
        _ => {
            if backlog.calm(topic, partition) {
                info!(name: "event_log.has_room", topic = name, partition, "the topic has room again");
            }
        }
    }
}

/// Shows the latest measurements as metrics, as long as the log lives.
pub(super) fn export(shared: &Arc<Shared>) {
    let meter = opentelemetry::global::meter("schildwacht.events");
    let attributes = |unread: &Unread| [KeyValue::new("topic", unread.topic.spec().name), KeyValue::new("group", unread.group.clone())];
    let latest = |shared: &Weak<Shared>| shared.upgrade().map(|shared| lock(&shared.backlog.latest).clone()).unwrap_or_default();
    let of_share = Arc::downgrade(shared);
    meter
        .f64_observable_gauge("event_log.filled")
        .with_description("share of the topic's size that is kept for a group that has not read it; at 1 appends are refused")
        .with_callback(move |observer| {
            latest(&of_share).iter().for_each(|unread| observer.observe(unread.filled, &attributes(unread)));
        })
        .build();
    let of_age = Arc::downgrade(shared);
    meter
        .f64_observable_gauge("event_log.oldest_unread_age")
        .with_unit("s")
        .with_description("age of the oldest record that a group has not read; 0 when it has read all")
        .with_callback(move |observer| {
            let now_micros = micros(SystemTime::now());
            for unread in latest(&of_age) {
                let age = unread.oldest_micros.map_or(0, |oldest| now_micros.saturating_sub(oldest).max(0));
                observer.observe(Duration::from_micros(age.unsigned_abs()).as_secs_f64(), &attributes(&unread));
            }
        })
        .build();
}
