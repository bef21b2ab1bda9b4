#![cfg(test)]
//! Kafka when its brokers do not answer: nothing hangs, nothing grows, and everyone is told.

use bytes::Bytes;
use schildwacht_events::{EventLog as _, KafkaConfig, KafkaLog, LogError, Record, Topic};

fn nobody_there() -> KafkaConfig {
    KafkaConfig { delivery_timeout_seconds: 1, max_unacknowledged_bytes: 10_000, ..KafkaConfig::new("127.0.0.1:9") }
}

fn record() -> Record {
    Record { key: Bytes::from_static(b"key"), headers: vec![], value: Some(Bytes::from(vec![0; 6_000])) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_fail_in_time_and_more_than_the_bound_is_busy_at_once() {
    let log = KafkaLog::open(nobody_there()).unwrap();
    let (first, second) = tokio::join!(log.append(Topic::TestPlain, vec![record()]), async {
        tokio::task::yield_now().await;
        log.append(Topic::TestPlain, vec![record()]).await
    });
    assert!(matches!(first, Err(LogError::Unavailable { .. })), "{first:?}");
    assert!(matches!(second, Err(LogError::Busy)), "{second:?}");
    assert_eq!(log.unacknowledged_bytes(), 0, "what failed is no longer under way");
    assert!(matches!(log.check().await, Err(LogError::Unavailable { .. })));
    log.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_does_not_wait_gives_back_its_room_in_the_end() {
    let log = KafkaLog::open(nobody_there()).unwrap();
    let gave_up = tokio::time::timeout(std::time::Duration::from_millis(50), log.append(Topic::TestPlain, vec![record()])).await;
    assert!(gave_up.is_err());
    assert!(log.unacknowledged_bytes() > 0, "it is still under way");
    log.close().await;
    // The client's own thread is the last to let go of it.
    let given_back = async {
        while log.unacknowledged_bytes() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(testkit::PATIENCE, given_back).await.expect("its room should come back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_brokers_ends_in_time_and_says_where_they_should_be() {
    let log = KafkaLog::open(nobody_there()).unwrap();
    let ensured = tokio::time::timeout(std::time::Duration::from_secs(60), log.ensure_topics(&[Topic::TestPlain])).await;
    let refused = ensured.expect("an end").unwrap_err();
    assert!(matches!(&refused, LogError::Unavailable { reason } if reason.contains("127.0.0.1:9")), "{refused}");
}

#[test]
fn settings_that_librdkafka_does_not_know_are_named() {
    let mut config = nobody_there();
    config.properties.insert("linger.weeks".to_owned(), runtime::config::Secret::new("2"));
    let refused = KafkaLog::open(config).err().unwrap();
    assert!(matches!(&refused, LogError::Unusable { reason } if reason.contains("linger.weeks")), "{refused}");
}
