//! Limits: of records, of what is under way, and of the log's own life.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::future::join_all;
use schildwacht_events::{LogError, Record, Topic};

use crate::stand::{Kind, Stand, numbered, receive, record, sorted_numbers};

pub async fn the_largest_record_passes_and_a_larger_one_is_refused(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    for topic in Topic::TEST {
        let limit = topic.spec().max_record_bytes;
        let of_size = |size: usize| {
            let mut record = Record { key: Bytes::from_static(b"key"), headers: vec![("name".to_owned(), Bytes::new())], value: None };
            record.value = Some(Bytes::from_iter((0..size - record.size()).map(|at| (at * 31) as u8)));
            record
        };
        let largest = of_size(limit);
        stand.log.append(topic, vec![largest.clone()]).await.unwrap();
        let refused = stand.log.append(topic, vec![record("key", "beside it"), of_size(limit + 1)]).await;
        let sizes = (limit + 1, limit);
        assert!(matches!(refused, Err(LogError::TooLarge { size, limit, .. }) if (size, limit) == sizes), "{refused:?}");

        let mut subscription = stand.log.subscribe(&format!("group-{topic}"), &[topic]).await.unwrap();
        let received = receive(&mut *subscription, 1).await;
        assert!(received[0].record == largest, "the large record is not what was sent");
    }
}

/// The limit of a topic is about its records, not about how many of them come together.
pub async fn many_records_at_once_pass_where_records_are_small(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    let limit = Topic::TestCompacted.spec().max_record_bytes;
    let filler = Bytes::from(vec![7; 1_000]);
    let count = 4 * limit / filler.len();
    let records = (0..count).map(|number| Record { value: Some(filler.clone()), ..record(&format!("key-{number}"), "") });
    stand.log.append(Topic::TestCompacted, records.collect()).await.unwrap();
    let mut subscription = stand.log.subscribe("group", &[Topic::TestCompacted]).await.unwrap();
    receive(&mut *subscription, count).await;
}

pub async fn too_much_under_way_is_busy_and_nothing_acknowledged_is_lost(kind: Kind) {
    let Some(stand) = Stand::open_with_bound(kind, 64 * 1024).await else { return };
    let busy = Arc::new(AtomicUsize::new(0));
    let writers = (0..40).map(|number: usize| {
        let (log, busy) = (stand.log.clone(), Arc::clone(&busy));
        async move {
            let mut record = record(&format!("key-{number}"), &number.to_string());
            record.headers.push(("filler".to_owned(), Bytes::from(vec![0; 20_000])));
            loop {
                match log.append(Topic::TestPlain, vec![record.clone()]).await {
                    Ok(_) => break,
                    Err(LogError::Busy) => {
                        busy.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
    });
    join_all(writers).await;
    assert!(busy.load(Ordering::Relaxed) > 0, "40 records of 20 kB do not fit in 64 kB");
    let mut subscription = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let received = receive(&mut *subscription, 40).await;
    assert_eq!(sorted_numbers(&received), (0..40).collect::<Vec<_>>(), "what was refused was not written");
}

pub async fn many_writers_share_a_flush(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    let Some(log) = &stand.embedded else {
        println!("skipped: Kafka's brokers flush when they see fit, and have copies instead");
        return;
    };
    let writers = (0..100).map(async |writer| {
        for _ in 0..20 {
            stand.log.append(Topic::TestPlain, vec![record(&format!("key-{writer}"), "x")]).await.unwrap();
        }
    });
    join_all(writers).await;
    let statistics = log.statistics();
    assert_eq!((statistics.appends, statistics.records), (2_000, 2_000));
    assert!(statistics.syncs * 2 < statistics.appends, "{statistics:?}");
    assert_eq!(statistics.unacknowledged_bytes, 0);
}

pub async fn a_closed_log_refuses_everything(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    let mut subscription = stand.log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    stand.log.append(Topic::TestPlain, numbered(1)).await.unwrap();
    receive(&mut *subscription, 1).await;
    drop(subscription);
    stand.log.close().await;
    assert!(matches!(stand.log.append(Topic::TestPlain, numbered(1)).await, Err(LogError::Closed)));
    assert!(matches!(stand.log.subscribe("group", &[Topic::TestPlain]).await.err(), Some(LogError::Closed)));
    assert!(matches!(stand.log.check().await, Err(LogError::Closed)));
    stand.log.close().await;
}

pub async fn a_healthy_log_says_so(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    stand.log.check().await.unwrap();
}
