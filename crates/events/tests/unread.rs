#![cfg(test)]
//! What a living consumer group has not read is not dropped; what it could not get is counted. In a program of its own, since metrics are
//! the process's.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use rdkafka::mocking::MockCluster;
use runtime::telemetry::Telemetry;
use schildwacht_events::{
    Delivered, EmbeddedConfig, EmbeddedLog, EventLog, KafkaConfig, KafkaLog, LogError, Position, Record, Subscription, Topic,
};
use tempfile::TempDir;
use testkit::eventually;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longer than records of the topic are kept, and shorter than a group lives after it was last seen.
const LATER: Duration = DAY.saturating_mul(3);
/// Longer than that.
const MUCH_LATER: Duration = DAY.saturating_mul(9);

/// The metrics of this process; before a log is opened.
fn telemetry() -> &'static Telemetry {
    static TELEMETRY: OnceLock<Telemetry> = OnceLock::new();
    TELEMETRY.get_or_init(testkit::quiet_telemetry)
}

/// The sum of a metric over all lines with these labels.
fn metric(name: &str, labels: &[&str]) -> f64 {
    let text = telemetry().prometheus_text().unwrap();
    let lines = text.lines().filter(|line| line.starts_with(name) && labels.iter().all(|label| line.contains(label)));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

fn skipped(group: &str, reason: &str) -> f64 {
    metric("event_log_skipped", &[&format!("group=\"{group}\""), &format!("reason=\"{reason}\"")])
}

fn small(folder: &Path) -> EmbeddedConfig {
    EmbeddedConfig { segment_bytes: 2_000, max_partition_bytes: Some(10_000), ..EmbeddedConfig::new(folder) }
}

async fn open(config: EmbeddedConfig) -> Arc<EmbeddedLog> {
    telemetry();
    let log = EmbeddedLog::open(config).unwrap();
    log.ensure_topics(&Topic::TEST).await.unwrap();
    log
}

fn record(key: &str, number: usize) -> Record {
    Record { key: Bytes::copy_from_slice(key.as_bytes()), headers: vec![], value: Some(Bytes::from(number.to_string())) }
}

async fn append_numbers(log: &dyn EventLog, count: usize) {
    for number in 0..count {
        log.append(Topic::TestPlain, vec![record(&format!("key-{}", number % 20), number)]).await.unwrap();
    }
}

/// Receives so many records.
async fn receive(subscription: &mut dyn Subscription, count: usize) -> Vec<Delivered> {
    let mut received = Vec::new();
    eventually("the records come", async || {
        received.extend(subscription.next(100, Duration::from_millis(100)).await.unwrap());
        (received.len() >= count).then_some(())
    })
    .await;
    assert_eq!(received.len(), count);
    received
}

fn positions(received: &[Delivered]) -> Vec<Position> {
    received.iter().map(|record| record.position).collect()
}

async fn maintain(log: &EmbeddedLog, from_now: Duration) {
    log.maintain(SystemTime::now() + from_now).await.unwrap();
}

#[tokio::test]
async fn what_a_living_group_has_not_read_is_kept_whatever_its_age() {
    let folder = TempDir::new().unwrap();
    let log = open(small(folder.path())).await;
    let mut subscription = log.subscribe("slow", &[Topic::TestPlain]).await.unwrap();
    append_numbers(&*log, 100).await;
    receive(&mut *subscription, 100).await;
    maintain(&log, LATER).await;
    drop(subscription);
    maintain(&log, LATER).await;

    let mut subscription = log.subscribe("slow", &[Topic::TestPlain]).await.unwrap();
    let received = receive(&mut *subscription, 100).await;
    subscription.commit(&positions(&received)).await.unwrap();
    maintain(&log, LATER).await;
    let mut another = log.subscribe("new", &[Topic::TestPlain]).await.unwrap();
    assert_eq!(another.next(100, Duration::from_millis(100)).await.unwrap(), [], "what all have read is dropped");
    assert_eq!(skipped("slow", "") + skipped("new", ""), 0.0);
}

#[tokio::test]
async fn a_restart_knows_which_groups_were_alive() {
    let folder = TempDir::new().unwrap();
    let log = open(small(folder.path())).await;
    drop(log.subscribe("restarted", &[Topic::TestPlain]).await.unwrap());
    append_numbers(&*log, 100).await;
    log.close().await;
    drop(log);

    let log = open(small(folder.path())).await;
    maintain(&log, LATER).await;
    let mut subscription = log.subscribe("restarted", &[Topic::TestPlain]).await.unwrap();
    receive(&mut *subscription, 100).await;
    drop(subscription);
    log.close().await;
    drop(log);

    let log = open(small(folder.path())).await;
    maintain(&log, MUCH_LATER).await;
    assert_eq!(skipped("restarted", "expired"), 100.0);
}

#[tokio::test]
async fn records_that_an_expired_group_has_not_read_are_dropped_and_counted_once() {
    let folder = TempDir::new().unwrap();
    let log = open(small(folder.path())).await;
    let mut subscription = log.subscribe("gone-away", &[Topic::TestPlain]).await.unwrap();
    append_numbers(&*log, 100).await;
    let received = receive(&mut *subscription, 100).await;
    let of_one_key: Vec<Delivered> = received.into_iter().filter(|record| record.record.key == "key-0").collect();
    let last = of_one_key.last().unwrap().position;
    subscription.commit(&[last]).await.unwrap();
    let done = last.offset + 1;
    drop(subscription);

    maintain(&log, MUCH_LATER).await;
    maintain(&log, MUCH_LATER + DAY).await;
    assert_eq!(skipped("gone-away", "expired"), (100 - done) as f64);
    log.close().await;
    drop(log);

    let log = open(small(folder.path())).await;
    maintain(&log, MUCH_LATER).await;
    append_numbers(&*log, 20).await;
    let mut subscription = log.subscribe("gone-away", &[Topic::TestPlain]).await.unwrap();
    receive(&mut *subscription, 20).await;
    assert_eq!((skipped("gone-away", "expired"), skipped("gone-away", "gone")), ((100 - done) as f64, 0.0));
}

#[tokio::test]
async fn a_topic_full_of_unread_records_refuses_more_until_they_are_read_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let log = open(small(folder.path())).await;
    let mut subscription = log.subscribe("behind", &[Topic::TestPlain]).await.unwrap();
    let mut taken = 0;
    let refused = loop {
        assert!(taken < 1_000, "10 kB take so many records");
        match log.append(Topic::TestPlain, vec![record("key", taken)]).await {
            Ok(_) => taken += 1,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(&refused, LogError::Full { topic: Topic::TestPlain, group } if group == "behind"), "{refused:?}");
    maintain(&log, Duration::ZERO).await;
    let filled = metric("event_log_filled", &["group=\"behind\"", "test.plain.v1"]);
    assert!((1.0..1.5).contains(&filled), "{filled}");
    assert_eq!(metric("event_log_refused", &["reason=\"full\""]), 1.0);

    // What goes elsewhere is taken; with one record that goes here, nothing is.
    let full = log.subscribe("other", &[Topic::TestPlain]).await.unwrap();
    drop(full);
    log.append(Topic::TestCompacted, vec![record("key", 1)]).await.unwrap();
    let elsewhere: Vec<Record> = (0..20).map(|number| record(&format!("other-{number}"), number)).collect();
    let mixed = [elsewhere, vec![record("key", taken)]].concat();
    assert!(matches!(log.append(Topic::TestPlain, mixed).await, Err(LogError::Full { .. })));

    let received = receive(&mut *subscription, taken).await;
    subscription.commit(&positions(&received)).await.unwrap();
    let still = log.append(Topic::TestPlain, vec![record("key", taken)]).await;
    assert!(matches!(&still, Err(LogError::Full { group, .. }) if group == "other"), "the other group was there for a moment: {still:?}");
    let mut other = log.subscribe("other", &[Topic::TestPlain]).await.unwrap();
    let of_other = receive(&mut *other, taken).await;
    other.commit(&positions(&of_other)).await.unwrap();
    log.append(Topic::TestPlain, vec![record("key", taken)]).await.unwrap();
    let last = receive(&mut *subscription, 1).await;

    let mut by_offset = BTreeMap::new();
    for delivered in received.iter().chain(&last) {
        by_offset.insert(delivered.position.offset, delivered.record.value.clone().unwrap());
    }
    let wanted: Vec<Bytes> = (0..=taken).map(|number| Bytes::from(number.to_string())).collect();
    assert_eq!(by_offset.into_values().collect::<Vec<_>>(), wanted);
    maintain(&log, Duration::ZERO).await;
    assert!(metric("event_log_filled", &["group=\"behind\"", "test.plain.v1"]) < 0.5);
}

#[tokio::test]
async fn a_topic_that_everybody_has_read_is_never_full() {
    let folder = TempDir::new().unwrap();
    let log = open(small(folder.path())).await;
    let mut subscription = log.subscribe("quick", &[Topic::TestPlain]).await.unwrap();
    for number in 0..1_000 {
        log.append(Topic::TestPlain, vec![record("key", number)]).await.unwrap();
        if number % 50 == 49 {
            let received = receive(&mut *subscription, 50).await;
            subscription.commit(&positions(&received)).await.unwrap();
        }
    }
    let kept: u64 = std::fs::read_dir(folder.path().join("topics/test.plain.v1"))
        .unwrap()
        .flat_map(|partition| std::fs::read_dir(partition.unwrap().path()).unwrap())
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    assert!(kept < 11_000, "{kept} bytes, without a pass of maintenance");
}

/// librdkafka's mock brokers keep 5 MiB of a partition.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_kafka_deleted_before_the_group_read_them_are_counted() {
    telemetry();
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(Topic::TestPlain.spec().name, 1, 1).unwrap();
    let log = KafkaLog::open(KafkaConfig { create_topics: false, ..KafkaConfig::new(cluster.bootstrap_servers()) }).unwrap();
    log.ensure_topics(&[Topic::TestPlain]).await.unwrap();
    append_numbers(&*log, 30).await;
    let mut subscription = log.subscribe("lagging", &[Topic::TestPlain]).await.unwrap();
    let received = receive(&mut *subscription, 30).await;
    subscription.commit(&positions(&received[..10])).await.unwrap();
    assert_eq!(skipped("lagging", "gone"), 0.0);
    drop(subscription);

    let large = Record { value: Some(Bytes::from(vec![7; 900_000])), ..record("large", 0) };
    for _ in 0..8 {
        log.append(Topic::TestPlain, vec![large.clone()]).await.unwrap();
    }
    let mut subscription = log.subscribe("lagging", &[Topic::TestPlain]).await.unwrap();
    let first =
        eventually("what is left comes", async || subscription.next(100, Duration::from_millis(500)).await.unwrap().first().cloned()).await;
    let gone = first.position.offset - 10;
    assert!(gone > 20, "the brokers should have deleted the small ones, and some of the large");
    subscription.commit(&[first.position]).await.unwrap();
    assert_eq!(skipped("lagging", "gone"), gone as f64);
    log.close().await;
}
