#![cfg(test)]
//! Real brokers that stop, are killed and come back, one of them or all: what was acknowledged is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::future::join_all;
use schildwacht_events::{EventLog as _, KafkaConfig, KafkaLog, LogError, Record, Topic};
use testkit::servers::kafka::Cluster;

const PATIENCE: Duration = Duration::from_secs(90);
const WRITERS: usize = 4;

async fn log(cluster: &Cluster, replication_factor: i32) -> Arc<KafkaLog> {
    let config = KafkaConfig { replication_factor, delivery_timeout_seconds: 10, ..KafkaConfig::new(cluster.addresses()) };
    let log = KafkaLog::open(config).unwrap();
    // Brokers that have just met may not be able to give a topic its copies yet.
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = log.ensure_topics(&[Topic::TestPlain]).await {
        assert!(Instant::now() < deadline, "{error}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    log
}

/// So many brokers, each with a copy of everything, and writers at work; `None`, with a printed reason, where there are none.
async fn written_to(brokers: usize) -> Option<(Cluster, Arc<KafkaLog>, Writers)> {
    if !testkit::has_servers() {
        return None;
    }
    let cluster = Cluster::start(brokers, "").unwrap();
    let log = log(&cluster, i32::try_from(brokers).unwrap()).await;
    let writers = Writers::start(&log);
    Some((cluster, log, writers))
}

/// Writers that append numbers, each to its own key, and again what was not acknowledged, as relays do.
struct Writers {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<Written>>,
}

/// What a writer did.
struct Written {
    key: String,
    acknowledged: u64,
    failed: u64,
}

impl Writers {
    fn start(log: &Arc<KafkaLog>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let start = |writer| {
            let (log, stop) = (Arc::clone(log), Arc::clone(&stop));
            #[expect(clippy::disallowed_methods, reason = "the test awaits it")]
            tokio::spawn(async move {
                let mut written = Written { key: format!("writer-{writer}"), acknowledged: 0, failed: 0 };
                while !stop.load(Ordering::Relaxed) {
                    let value = Bytes::from(written.acknowledged.to_string());
                    let record = Record { key: Bytes::from(written.key.clone()), headers: vec![], value: Some(value) };
                    match log.append(Topic::TestPlain, vec![record]).await {
                        Ok(_) => written.acknowledged += 1,
                        Err(LogError::Unavailable { .. } | LogError::Busy) => written.failed += 1,
                        Err(error) => panic!("{error}"),
                    }
                }
                written
            })
        };
        let tasks = (0..WRITERS).map(start).collect();
        Self { stop, tasks }
    }

    async fn finish(self) -> Vec<Written> {
        self.stop.store(true, Ordering::Relaxed);
        join_all(self.tasks).await.into_iter().map(Result::unwrap).collect()
    }
}

/// Reads everything and compares: each acknowledged number is there, and none comes before its predecessor has.
async fn is_all_there(log: &KafkaLog, written: &[Written]) {
    let mut subscription = log.subscribe("reader", &[Topic::TestPlain]).await.unwrap();
    let mut found: BTreeMap<Bytes, BTreeSet<u64>> = BTreeMap::new();
    let deadline = Instant::now() + PATIENCE;
    let is_missing = |found: &BTreeMap<Bytes, BTreeSet<u64>>| {
        written.iter().find(|writer| {
            let numbers = found.get(writer.key.as_bytes());
            (0..writer.acknowledged).any(|number| !numbers.is_some_and(|numbers| numbers.contains(&number)))
        })
    };
    while let Some(writer) = is_missing(&found) {
        assert!(Instant::now() < deadline, "{} has records that were acknowledged and are not there", writer.key);
        for delivered in subscription.next(1_000, Duration::from_secs(1)).await.unwrap() {
            let number: u64 = std::str::from_utf8(&delivered.record.value.unwrap()).unwrap().parse().unwrap();
            let numbers = found.entry(delivered.record.key.clone()).or_default();
            assert!(number == 0 || numbers.contains(&(number - 1)), "{number} came before {}", number - 1);
            numbers.insert(number);
        }
    }
}

async fn appends_again(log: &KafkaLog) {
    let deadline = Instant::now() + PATIENCE;
    let record = Record { key: Bytes::from_static(b"after"), headers: vec![], value: Some(Bytes::from_static(b"0")) };
    while let Err(error) = log.append(Topic::TestPlain, vec![record.clone()]).await {
        assert!(Instant::now() < deadline, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_for_a_minute_loses_nothing_and_nothing_piles_up() {
    let Some((mut cluster, log, writers)) = written_to(1).await else { return };
    tokio::time::sleep(Duration::from_secs(2)).await;

    cluster.broker(0).unwrap().stop();
    let away = Instant::now();
    let mut was_refused = false;
    while away.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        was_refused |= log.check().await.is_err();
        assert!(log.unacknowledged_bytes() <= WRITERS * 1_000, "each writer has one record under way, not more");
    }
    assert!(was_refused, "readiness should tell");
    cluster.broker(0).unwrap().start_again().unwrap();

    appends_again(&log).await;
    log.check().await.unwrap();
    let written = writers.finish().await;
    assert!(written.iter().all(|writer| writer.failed > 0 && writer.acknowledged > 0), "it was unavailable, and it was there");
    is_all_there(&log, &written).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_in_the_middle_of_writing_loses_nothing() {
    let Some((mut cluster, log, writers)) = written_to(1).await else { return };
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        cluster.broker(0).unwrap().kill();
        cluster.broker(0).unwrap().start_again().unwrap();
        appends_again(&log).await;
    }
    let written = writers.finish().await;
    is_all_there(&log, &written).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_three_brokers_are_enough_and_one_is_not() {
    let Some((mut cluster, log, writers)) = written_to(3).await else { return };
    tokio::time::sleep(Duration::from_secs(2)).await;

    cluster.broker(2).unwrap().kill();
    appends_again(&log).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let written = writers.finish().await;
    is_all_there(&log, &written).await;

    // A record on one disk alone is not acknowledged.
    cluster.broker(1).unwrap().kill();
    let record = Record { key: Bytes::from_static(b"alone"), headers: vec![], value: Some(Bytes::from_static(b"0")) };
    let refused = log.append(Topic::TestPlain, vec![record]).await;
    assert!(matches!(refused, Err(LogError::Unavailable { .. })), "{refused:?}");

    cluster.broker(1).unwrap().start_again().unwrap();
    cluster.broker(2).unwrap().start_again().unwrap();
    appends_again(&log).await;
    is_all_there(&log, &written).await;
}
