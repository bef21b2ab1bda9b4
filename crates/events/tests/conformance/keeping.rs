//! What is kept: compaction and retention.

use std::time::{Duration, Instant, SystemTime};

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier},
    client::DefaultClientContext,
};
use schildwacht_events::{Delivered, Record, TailFrom, Topic};

use crate::stand::{Kind, Stand, all_done, catch_up, numbered, receive, record, sorted_numbers, value};

pub async fn only_the_last_record_of_a_key_is_kept(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    if kind == Kind::Mock {
        println!("skipped: librdkafka's mock cluster does not compact");
        return;
    }
    if kind == Kind::Broker {
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", std::env::var("SCHILDWACHT_TEST_KAFKA").unwrap()).create().unwrap();
        let name = format!("{}{}", stand.prefix, Topic::TestCompacted);
        let soon = AlterConfig::new(ResourceSpecifier::Topic(&name))
            .set("cleanup.policy", "compact")
            .set("segment.ms", "100")
            .set("min.cleanable.dirty.ratio", "0.01")
            .set("max.compaction.lag.ms", "100");
        admin.alter_configs(&[soon], &AdminOptions::new()).await.unwrap();
    }

    for round in 0..5 {
        let records = (0..20).map(|key| record(&format!("key-{key}"), &format!("{key}-{round}"))).collect();
        stand.log.append(Topic::TestCompacted, records).await.unwrap();
    }
    let gone = Record { value: None, ..record("key-0", "") };
    stand.log.append(Topic::TestCompacted, vec![gone]).await.unwrap();

    let deadline = Instant::now() + Duration::from_secs(120);
    let left = loop {
        assert!(Instant::now() < deadline, "nothing was compacted");
        match &stand.embedded {
            Some(log) => log.maintain(SystemTime::now() + Duration::from_secs(2 * 60 * 60)).await.unwrap(),
            None => {
                // Brokers leave the segment alone that is written; a new record starts the next one.
                tokio::time::sleep(Duration::from_millis(500)).await;
                let starts_segments = (0..40).map(|number| record(&format!("filler-{number}"), "x")).collect();
                stand.log.append(Topic::TestCompacted, starts_segments).await.unwrap();
            }
        }
        let mut tail = stand.log.tail(Topic::TestCompacted, TailFrom::Start).await.unwrap();
        let found = catch_up(&mut *tail).await;
        let of_the_test: Vec<Delivered> = found.into_iter().filter(|record| record.record.key.starts_with(b"key-")).collect();
        if of_the_test.len() <= 20 {
            break of_the_test;
        }
    };

    let mut values: Vec<String> = left.iter().filter(|record| record.record.value.is_some()).map(value).collect();
    values.sort();
    let mut wanted: Vec<String> = (1..20).map(|key| format!("{key}-4")).collect();
    wanted.sort();
    assert_eq!(values, wanted, "the last value of each key, and none of the key with a tombstone");

    stand.log.append(Topic::TestCompacted, vec![record("key-0", "back")]).await.unwrap();
    let mut tail = stand.log.tail(Topic::TestCompacted, TailFrom::Start).await.unwrap();
    let found = catch_up(&mut *tail).await;
    let back = found.iter().rfind(|record| record.record.key == "key-0").unwrap();
    assert_eq!(value(back), "back");
}

pub async fn old_records_are_dropped(kind: Kind) {
    let Some(stand) = Stand::open(kind).await else { return };
    let Some(log) = &stand.embedded else {
        println!("skipped: Kafka's brokers look for old records once in minutes only");
        return;
    };
    stand.log.append(Topic::TestPlain, numbered(100)).await.unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    log.maintain(SystemTime::now() + day / 2).await.unwrap();
    let mut young = stand.log.subscribe("before", &[Topic::TestPlain]).await.unwrap();
    let received = receive(&mut *young, 100).await;
    young.commit(&all_done(&received)).await.unwrap();

    log.maintain(SystemTime::now() + 2 * day).await.unwrap();
    stand.log.append(Topic::TestPlain, vec![record("new", "100")]).await.unwrap();
    let mut subscription = stand.log.subscribe("after", &[Topic::TestPlain]).await.unwrap();
    assert_eq!(sorted_numbers(&receive(&mut *subscription, 1).await), [100]);
    assert_eq!(stand.log.lag("nobody", &[Topic::TestPlain]).await.unwrap(), 1, "what is gone is no lag");
}
