#![cfg(test)]
//! Every record ends in one counted outcome. In a program of its own, since metrics are the process's.

#[path = "delivery/world.rs"]
#[expect(dead_code, reason = "this program needs only a part of that world")]
mod world;

use std::sync::Arc;

use testkit::{Store, TestDatabase};

use crate::world::{TestHandler, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_ends_in_one_counted_outcome() {
    let telemetry = testkit::quiet_telemetry();
    let world = World::new(TestDatabase::new(Store::Sqlite).await.unwrap()).await;
    let twice = world.event("key", "twice");
    let events = vec![
        world.event("key", "once"),
        twice.clone(),
        world.event("key", "poison: bad"),
        twice,
        world.event("key", "parts: a !b !c"),
        world.event("key", "away"),
    ];
    world.append(events).await;
    world.commit_events(vec![world.event("key", "waits in the outbox")]).await;
    let handler = Arc::new(TestHandler { away: 1.into(), ..Default::default() });
    let consumer = world.start_consumer(handler);
    world.until_all_is_done().await;
    let relay = world.start_relay();
    world.until_rows("effect", 5).await;
    world.until_all_is_done().await;
    world.stop(&[consumer, relay]).await;

    let text = telemetry.prometheus_text().unwrap();
    let value = |name: &str, label: &str| {
        let line = text.lines().find(|line| line.starts_with(name) && line.contains(label));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).unwrap_or_else(|| panic!("{name} {label} in {text}"))
    };
    assert_eq!(value("consumer_records_total", "outcome=\"handled\""), 5.0);
    assert_eq!(value("consumer_records_total", "outcome=\"duplicate\""), 1.0);
    assert_eq!(value("consumer_records_total", "outcome=\"dead_lettered\""), 1.0);
    assert_eq!(value("consumer_records_total", "outcome=\"part_dead_lettered\""), 2.0);
    assert_eq!(value("consumer_retries_total", "test-consumer"), 1.0);
    assert_eq!(value("event_log_records_total", "test.plain.v1"), 7.0);
    assert_eq!(value("event_log_unacknowledged", ""), 0.0);
    assert_eq!(value("outbox_backlog", "service=\"test\""), 0.0);
    assert!(text.contains("consumer_lag"));
}
