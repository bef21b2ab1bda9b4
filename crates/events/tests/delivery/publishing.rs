//! The outbox and its relay.

use schildwacht_events::{Envelope, outbox};

use crate::world::{TOPIC, Trouble, World};

testkit::on_both_stores! {
    async fn committed_events_are_published_in_order_and_deleted(database: TestDatabase) {
        let world = World::new(database).await;
        let relay = world.start_relay();
        let texts: Vec<String> = (0..500).map(|number| format!("{number:03}")).collect();
        for (index, chunk) in texts.chunks(7).enumerate() {
            // Several keys, so several partitions.
            let events = chunk.iter().map(|text| world.event(&format!("key-{}", index % 3), text)).collect();
            world.commit_events(events).await;
        }
        world.until_rows("outbox", 0).await;
        let published = world.published().await;
        assert_eq!(published.len(), 3);
        for (key, texts_of_key) in &published {
            assert!(texts_of_key.is_sorted(), "{key:?}: {texts_of_key:?}");
        }
        let mut all: Vec<String> = published.into_values().flatten().collect();
        all.sort();
        assert_eq!(all, texts);
        world.stop(&[relay]).await;
    }

    async fn events_of_a_change_that_was_undone_are_never_published(database: TestDatabase) {
        let world = World::new(database).await;
        let relay = world.start_relay();
        let txn = world.database.begin().await.unwrap();
        outbox::add(&txn, TOPIC, world.event("key", "undone")).await.unwrap();
        txn.roll_back().await.unwrap();
        world.commit_events(vec![world.event("key", "kept")]).await;
        world.until(r#""kept" is published"#, async || !world.published().await.is_empty()).await;
        assert_eq!(world.published().await.into_values().flatten().collect::<Vec<_>>(), ["kept"]);
        world.stop(&[relay]).await;
    }

    async fn events_wait_while_the_log_is_away_and_keep_their_order(database: TestDatabase) {
        let world = World::new(database).await;
        world.log.expect(Trouble::Away, 3);
        let relay = world.start_relay();
        for text in ["1", "2", "3"] {
            world.commit_events(vec![world.event("key", text)]).await;
        }
        world.until_rows("outbox", 0).await;
        assert_eq!(world.log.troubles_left(), 0);
        assert_eq!(world.published().await.into_values().collect::<Vec<_>>(), [["1", "2", "3"]]);
        world.stop(&[relay]).await;
    }

    async fn what_was_committed_before_the_end_is_published_at_the_end(database: TestDatabase) {
        let world = World::new(database).await;
        world.log.expect(Trouble::Away, 1);
        let relay = world.start_relay();
        world.commit_events(vec![world.event("key", "last")]).await;
        world.until("the relay waits after its first attempt", async || world.log.troubles_left() == 0).await;
        relay.request();
        world.until_rows("outbox", 0).await;
        assert_eq!(world.published().await.into_values().flatten().collect::<Vec<_>>(), ["last"]);
        world.stop(&[]).await;
    }

    /// On PostgreSQL every replica has a relay; SQLite's file has one process and so one relay.
    async fn replicas_do_not_publish_twice(database: TestDatabase) {
        let replicas = if database.store() == testkit::Store::Postgres { 3 } else { 1 };
        let world = World::new(database).await;
        let relays: Vec<_> = (0..replicas).map(|_| world.start_relay()).collect();
        for number in 0..60 {
            world.commit_events(vec![world.event("key", &format!("{number:03}"))]).await;
        }
        world.until_rows("outbox", 0).await;
        let published: Vec<String> = world.published().await.into_values().flatten().collect();
        assert_eq!(published, (0..60).map(|number| format!("{number:03}")).collect::<Vec<_>>());
        world.stop(&relays).await;
    }

    /// Consumers and requests hold all connections: on SQLite the one that writes.
    async fn events_are_published_while_every_connection_is_taken(database: TestDatabase) {
        let connections = if database.store() == testkit::Store::Postgres { database.config().max_connections } else { 1 };
        let world = World::new(database).await;
        world.commit_events(vec![world.event("key", "1")]).await;
        let mut taken = Vec::new();
        for _ in 0..connections {
            taken.push(world.database.begin().await.unwrap());
        }
        let relay = world.start_relay();
        world.until(r#""1" is published"#, async || !world.published().await.is_empty()).await;
        for txn in taken {
            txn.roll_back().await.unwrap();
        }
        world.until_rows("outbox", 0).await;
        assert_eq!(world.published().await.into_values().flatten().collect::<Vec<_>>(), ["1"]);
        world.stop(&[relay]).await;
    }

    async fn an_event_too_large_for_its_topic_is_refused_before_the_commit(database: TestDatabase) {
        let world = World::new(database).await;
        let event = world.event("key", "large");
        let large = Envelope { data: Some(vec![0; TOPIC.spec().max_record_bytes].into()), ..event };
        let txn = world.database.begin().await.unwrap();
        let refused = outbox::add(&txn, TOPIC, large).await.unwrap_err();
        assert!(refused.chain().contains("larger than the"), "{}", refused.chain());
    }

    async fn large_events_are_published_in_several_turns(database: TestDatabase) {
        let world = World::new(database).await;
        let filler = "x".repeat(400_000);
        let texts: Vec<String> = (0..8).map(|number| format!("{number}{filler}")).collect();
        world.commit_events(texts.iter().map(|text| world.event("key", text)).collect()).await;
        let relay = world.start_relay();
        world.until_rows("outbox", 0).await;
        assert!(world.published().await.into_values().collect::<Vec<_>>() == [texts]);
        world.stop(&[relay]).await;
    }
}
