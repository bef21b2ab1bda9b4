//! What is appended is what is delivered, in order.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use futures::future::join_all;
use schildwacht_events::{Record, Topic};

use crate::stand::{Kind, Stand, numbered, receive, record};

pub async fn what_goes_in_comes_out(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    let header = |name: &str, value: &'static [u8]| (name.to_owned(), Bytes::from_static(value));
    let sent = [
        Record { key: Bytes::from_static(b"full"), headers: vec![header("a", b"1"), header("b", b""), header("a", b"\xff")], value: None },
        Record { key: Bytes::from_static(b"\0\xff"), headers: vec![], value: Some(Bytes::from_static(b"binary\0key")) },
        Record { key: Bytes::from_static(b"empty value"), headers: vec![], value: Some(Bytes::new()) },
        Record { key: Bytes::from_static(b"tombstone"), headers: vec![], value: None },
        Record { key: Bytes::new(), headers: vec![], value: Some(Bytes::from_static(b"no key")) },
        Record { key: Bytes::from_static(b"large"), headers: vec![], value: Some(Bytes::from(vec![7; 100_000])) },
        record("after", "the large one"),
    ];
    let before = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now() - Duration::from_secs(1));
    let positions = stand.log.append(Topic::TestPlain, sent.to_vec()).await.unwrap();
    let mut subscription = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let received = receive(&mut *subscription, sent.len()).await;

    for (record, position) in sent.iter().zip(positions) {
        assert_eq!(position.topic, Topic::TestPlain);
        let delivered = received.iter().find(|delivered| delivered.position == position).unwrap();
        assert_eq!(&delivered.record, record);
        assert!(delivered.time > before && delivered.time < before + Duration::from_secs(120));
    }
}

pub async fn records_of_one_key_keep_their_order(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    let writers = (0..10).map(|writer| {
        let log = stand.log.clone();
        async move {
            for call in 0..10 {
                // Keys are shared by all writers, so that calls meet in one partition.
                let records = (0..10).map(|step| record(&format!("key-{}", step % 3), &format!("{writer}.{call}.{step}")));
                log.append(Topic::TestPlain, records.collect()).await.unwrap();
            }
        }
    });
    join_all(writers).await;

    let mut subscription = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let received = receive(&mut *subscription, 1_000).await;
    let mut last_offset: HashMap<i32, i64> = HashMap::new();
    let mut partition_of: HashMap<Bytes, i32> = HashMap::new();
    let mut values_of: HashMap<Bytes, Vec<Vec<usize>>> = HashMap::new();
    for delivered in &received {
        let position = delivered.position;
        let before = last_offset.insert(position.partition, position.offset);
        assert!(before.is_none_or(|before| before < position.offset), "offsets of a partition ascend");
        let key = delivered.record.key.clone();
        assert_eq!(*partition_of.entry(key.clone()).or_insert(position.partition), position.partition, "a key has one partition");
        let value = crate::stand::value(delivered);
        values_of.entry(key).or_default().push(value.split('.').map(|part| part.parse().unwrap()).collect());
    }
    for values in values_of.values() {
        for writer in 0..10 {
            let of_writer: Vec<_> = values.iter().filter(|value| value[0] == writer).collect();
            assert!(of_writer.is_sorted(), "calls and steps of a writer keep their order");
        }
        let calls: Vec<_> = values.chunk_by(|before, after| before[..2] == after[..2]).collect();
        assert_eq!(calls.len(), 100, "records of one call and key stand together");
    }
}

pub async fn an_empty_append_does_nothing(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    assert_eq!(stand.log.append(Topic::TestPlain, vec![]).await.unwrap(), []);
}

pub async fn next_waits_and_respects_its_limit(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    let mut subscription = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    assert_eq!(subscription.next(10, Duration::from_millis(300)).await.unwrap(), []);

    let log = stand.log.clone();
    let later = async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        log.append(Topic::TestPlain, numbered(50)).await.unwrap();
    };
    let (first, ()) = tokio::join!(subscription.next(7, Duration::from_secs(60)), later);
    let first = first.unwrap();
    assert!((1..=7).contains(&first.len()), "woken by the append, at most the limit: {}", first.len());
    let rest = receive(&mut *subscription, 50 - first.len()).await;
    assert_eq!(crate::stand::sorted_numbers(&[first, rest].concat()), (0..50).collect::<Vec<_>>());
}
