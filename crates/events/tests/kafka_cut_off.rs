#![cfg(test)]
//! One partition whose leader is cut off: a tail knows that it may miss something there, and goes on with the others.

use std::time::Duration;

use bytes::Bytes;
use rdkafka::mocking::MockCluster;
use schildwacht_events::{EventLog as _, KafkaConfig, KafkaLog, LogError, Record, Tail, TailFrom, Topic};
use testkit::{eventually, servers::kafka::Cluster};
use tokio::time::Instant;

const TOPIC: Topic = Topic::TestCompacted;

async fn complete_later_than(tail: &mut dyn Tail, partition: usize, moment: Instant) {
    eventually("the partition is known to be complete at a later moment", async || {
        tail.next(100, Duration::from_millis(200)).await.unwrap();
        tail.complete_as_of()[partition].is_some_and(|as_of| as_of > moment).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_whose_leader_is_cut_off_is_not_taken_for_a_quiet_one() {
    let cluster = MockCluster::new(2).unwrap();
    let name = TOPIC.spec().name;
    cluster.create_topic(name, 2, 1).unwrap();
    for (partition, leader) in [(0, 1), (1, 2)] {
        cluster.partition_leader(name, partition, Some(leader)).unwrap();
    }
    let log = KafkaLog::open(KafkaConfig { create_topics: false, ..KafkaConfig::new(cluster.bootstrap_servers()) }).unwrap();
    log.ensure_topics(&[TOPIC]).await.unwrap();
    let mut tail = log.tail(TOPIC, TailFrom::Start).await.unwrap();
    for partition in [0, 1] {
        complete_later_than(&mut *tail, partition, Instant::now()).await;
    }

    cluster.broker_down(2).unwrap();
    // Questions that were under way may still be answered.
    let cut_off = Instant::now();
    let mut as_of = cut_off;
    for _ in 0..2 {
        complete_later_than(&mut *tail, 0, as_of).await;
        as_of = Instant::now();
    }
    assert!(tail.complete_as_of()[1].is_some_and(|as_of| as_of <= cut_off), "{:?}, cut off at {cut_off:?}", tail.complete_as_of());

    cluster.broker_up(2).unwrap();
    complete_later_than(&mut *tail, 1, as_of).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_that_is_to_begin_while_a_partition_has_no_leader_reads_all_of_it_once_it_has_one() {
    let cluster = MockCluster::new(2).unwrap();
    let name = TOPIC.spec().name;
    cluster.create_topic(name, 2, 1).unwrap();
    let log = KafkaLog::open(KafkaConfig { create_topics: false, ..KafkaConfig::new(cluster.bootstrap_servers()) }).unwrap();
    log.ensure_topics(&[TOPIC]).await.unwrap();
    let records = (0..40).map(|key| Record { key: Bytes::from(key.to_string()), headers: vec![], value: Some(Bytes::from_static(b"x")) });
    log.append(TOPIC, records.collect()).await.unwrap();

    cluster.partition_leader(name, 1, None).unwrap();
    let refused = log.tail(TOPIC, TailFrom::Start).await.err();
    assert!(matches!(refused, Some(LogError::Unavailable { .. })), "{refused:?}");
    cluster.partition_leader(name, 1, Some(2)).unwrap();
    let mut tail = eventually("the tail begins", async || log.tail(TOPIC, TailFrom::Start).await.ok()).await;
    let mut received = 0;
    eventually("the tail catches up", async || {
        received += tail.next(100, Duration::from_millis(200)).await.unwrap().len();
        tail.caught_up().then_some(())
    })
    .await;
    assert_eq!(received, 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_not_there_is_not_taken_for_an_empty_one() {
    let cluster = MockCluster::new(2).unwrap();
    let log = KafkaLog::open(KafkaConfig { create_topics: false, ..KafkaConfig::new(cluster.bootstrap_servers()) }).unwrap();
    let refused = log.tail(TOPIC, TailFrom::Start).await.err();
    assert!(matches!(refused, Some(LogError::Unavailable { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_makes_its_partitions_stale_and_no_others() {
    if !testkit::has_servers() {
        return;
    }
    let mut cluster = Cluster::start(3, "").unwrap();
    let config = KafkaConfig { delivery_timeout_seconds: 10, ..KafkaConfig::new(cluster.addresses()) };
    // A topic with three copies can be made once all brokers have met; then one without copies is spread over them.
    let all_met = KafkaLog::open(KafkaConfig { prefix: "all-met.".to_owned(), ..config.clone() }).unwrap();
    eventually("the brokers meet", async || all_met.ensure_topics(&[Topic::TestPlain]).await.ok()).await;
    let log = KafkaLog::open(KafkaConfig { replication_factor: 1, ..config }).unwrap();
    log.ensure_topics(&[Topic::TestPlain]).await.unwrap();
    let records = (0..40).map(|key| Record { key: Bytes::from(key.to_string()), headers: vec![], value: Some(Bytes::from_static(b"x")) });
    log.append(Topic::TestPlain, records.collect()).await.unwrap();
    let mut tail = log.tail(Topic::TestPlain, TailFrom::Start).await.unwrap();
    let began = Instant::now();
    for partition in 0..5 {
        complete_later_than(&mut *tail, partition, began).await;
    }

    cluster.broker(2).unwrap().kill();
    let killed = Instant::now();
    // Two rounds of questions later.
    let later = killed + Duration::from_secs(12);
    let goes_on = async || {
        tail.next(100, Duration::from_millis(200)).await.unwrap();
        let complete: Vec<Instant> = tail.complete_as_of().into_iter().map(Option::unwrap).collect();
        complete.iter().any(|as_of| *as_of > later).then_some(complete)
    };
    let complete = eventually("the other brokers' partitions go on", goes_on).await;
    let stale: Vec<usize> = (0..5).filter(|partition| complete[*partition] <= killed).collect();
    assert!((1..=2).contains(&stale.len()), "of five partitions on three brokers: {stale:?}");

    cluster.broker(2).unwrap().start_again().unwrap();
    let back = Instant::now();
    for partition in stale {
        complete_later_than(&mut *tail, partition, back).await;
    }
}
