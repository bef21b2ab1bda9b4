//! Tails: reading a topic without a group.

use std::time::Duration;

use schildwacht_events::{TailFrom, Topic};
use testkit::eventually;
use tokio::time::Instant;

use crate::stand::{Kind, PATIENCE, Stand, catch_up, numbered, record, sorted_numbers};

pub async fn a_tail_catches_up_and_follows(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    stand.log.append(Topic::TestCompacted, numbered(300)).await.unwrap();
    let mut tail = stand.log.tail(Topic::TestCompacted, TailFrom::Start).await.unwrap();
    assert!(!tail.caught_up());
    let found = catch_up(&mut *tail).await;
    assert_eq!(sorted_numbers(&found), (0..300).collect::<Vec<_>>());

    stand.log.append(Topic::TestCompacted, vec![record("new", "300")]).await.unwrap();
    let new = tail.next(100, PATIENCE).await.unwrap();
    assert_eq!(sorted_numbers(&new), [300]);
    assert!(tail.caught_up());
}

pub async fn a_tail_of_an_empty_topic_has_caught_up(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    let mut tail = stand.log.tail(Topic::TestCompacted, TailFrom::Start).await.unwrap();
    assert!(tail.caught_up());
    assert_eq!(tail.next(10, Duration::from_millis(100)).await.unwrap(), []);
}

pub async fn a_tail_knows_as_of_when_each_partition_is_complete(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    stand.log.append(Topic::TestCompacted, numbered(100)).await.unwrap();
    let began = Instant::now();
    let mut tail = stand.log.tail(Topic::TestCompacted, TailFrom::Start).await.unwrap();
    catch_up(&mut *tail).await;
    let caught_up = Instant::now();
    let complete = tail.complete_as_of();
    assert_eq!(complete.len(), Topic::TestCompacted.spec().embedded_partitions as usize);
    assert!(complete.iter().all(|as_of| as_of.is_some_and(|as_of| as_of >= began)), "{complete:?}");

    // It stays so although nothing comes.
    eventually("later moments are known", async || {
        assert_eq!(tail.next(10, Duration::from_millis(500)).await.unwrap(), []);
        tail.complete_as_of().iter().all(|as_of| as_of.is_some_and(|as_of| as_of > caught_up)).then_some(())
    })
    .await;
}

pub async fn a_tail_from_the_end_sees_only_what_is_new(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    stand.log.append(Topic::TestPlain, numbered(50)).await.unwrap();
    let mut tail = stand.log.tail(Topic::TestPlain, TailFrom::End).await.unwrap();
    assert!(tail.caught_up());
    stand.log.append(Topic::TestPlain, vec![record("new", "50")]).await.unwrap();
    let new = tail.next(100, PATIENCE).await.unwrap();
    assert_eq!(sorted_numbers(&new), [50]);
}
