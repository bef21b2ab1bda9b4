#![cfg(test)]
//! The embedded log across restarts, and folders it cannot use.

use std::{fs, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use schildwacht_events::{EmbeddedConfig, EmbeddedLog, EventLog, LogError, Record, TailFrom, Topic};
use tempfile::TempDir;

fn record(number: usize) -> Record {
    Record { key: Bytes::from(format!("key-{number}")), headers: vec![], value: Some(Bytes::from(number.to_string())) }
}

async fn open(folder: &Path) -> Arc<EmbeddedLog> {
    let log = EmbeddedLog::open(EmbeddedConfig { segment_bytes: 2_000, ..EmbeddedConfig::new(folder) }).unwrap();
    log.ensure_topics(&Topic::TEST).await.unwrap();
    log
}

#[tokio::test]
async fn records_and_committed_offsets_survive_a_restart() {
    let folder = TempDir::new().unwrap();
    for round in 0..4 {
        let log = open(folder.path()).await;
        for number in 0..100 {
            log.append(Topic::TestPlain, vec![record(round * 100 + number)]).await.unwrap();
        }
        let mut subscription = log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
        let mut received = Vec::new();
        while received.len() < 100 {
            let records = subscription.next(30, Duration::from_secs(10)).await.unwrap();
            subscription.commit(&records.iter().map(|record| record.position).collect::<Vec<_>>()).await.unwrap();
            received.extend(records);
        }
        let mut numbers: Vec<usize> =
            received.iter().map(|record| std::str::from_utf8(record.record.value.as_ref().unwrap()).unwrap().parse().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (round * 100..round * 100 + 100).collect::<Vec<_>>(), "only what is new in this round");
        drop(subscription);
        if round % 2 == 0 {
            log.close().await;
        }
        // Dropping without closing lets go of the folder too.
    }
    let log = open(folder.path()).await;
    let mut tail = log.tail(Topic::TestPlain, TailFrom::Start).await.unwrap();
    let mut count = 0;
    while !tail.caught_up() {
        count += tail.next(100, Duration::from_secs(1)).await.unwrap().len();
    }
    assert_eq!(count, 400);
}

#[tokio::test]
async fn a_folder_serves_one_log_at_a_time() {
    let folder = TempDir::new().unwrap();
    let first = open(folder.path()).await;
    let refused = EmbeddedLog::open(EmbeddedConfig::new(folder.path())).err().unwrap();
    let told = refused.to_string();
    assert!(matches!(refused, LogError::Unusable { .. }));
    assert!(told.contains("another process uses") && told.contains("choose another"), "{told}");
    first.close().await;
    EmbeddedLog::open(EmbeddedConfig::new(folder.path())).unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    let occupied = folder.path().join("file");
    fs::write(&occupied, b"not a folder").unwrap();
    let refused = EmbeddedLog::open(EmbeddedConfig::new(occupied.join("log"))).err().unwrap();
    assert!(matches!(refused, LogError::Unusable { .. }));
    assert!(refused.to_string().contains("file/log"), "{refused}");
}

#[tokio::test]
async fn appending_to_a_topic_that_was_not_made_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let log = EmbeddedLog::open(EmbeddedConfig::new(folder.path())).unwrap();
    let refused = log.append(Topic::TestPlain, vec![record(1)]).await.unwrap_err();
    assert!(refused.to_string().contains("ensure_topics"), "{refused}");
}

/// An earlier version may have had more partitions in its table.
#[tokio::test]
async fn partitions_beyond_the_table_are_still_read() {
    let folder = TempDir::new().unwrap();
    let log = open(folder.path()).await;
    let position = log.append(Topic::TestPlain, vec![record(1)]).await.unwrap()[0];
    log.close().await;
    drop(log);
    let topic = folder.path().join("topics/test.plain.v1");
    let partition = |number: i32| topic.join(number.to_string());
    fs::rename(partition(position.partition), topic.join("spare")).unwrap();
    fs::rename(topic.join("spare"), partition(5)).unwrap();
    fs::remove_file(folder.path().join("checkpoint.json")).unwrap();

    let log = open(folder.path()).await;
    let mut subscription = log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let found = subscription.next(10, Duration::from_secs(10)).await.unwrap();
    assert_eq!(found[0].position.partition, 5);
    assert_eq!(found[0].record, record(1));
    for number in 0..50 {
        let position = log.append(Topic::TestPlain, vec![record(number)]).await.unwrap()[0];
        assert!(position.partition < 5, "keys stay in the partitions of the table");
    }
}
