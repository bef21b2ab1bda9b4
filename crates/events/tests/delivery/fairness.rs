//! Partitions side by side, and schools that share one.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};

use schildwacht_events::{ConsumerConfig, Envelope};

use crate::world::{CONSUMER, TOPIC, TestHandler, World};

/// Appends one event and answers its partition.
async fn append_one(world: &World, event: Envelope) -> i32 {
    world.log.inner.append(TOPIC, vec![event.into_record()]).await.unwrap()[0].partition
}

testkit::on_both_stores! {
    async fn a_partition_that_is_held_up_holds_up_no_other(database: TestDatabase) {
        let mut world = World::new(database).await;
        world.settings = ConsumerConfig { partitions: 5, ..world.settings };
        let handler: Arc<TestHandler> = Arc::default();
        let consumer = world.start_consumer(Arc::clone(&handler));
        // A member for each partition; until each has its own.
        world.until("the members have shared the partitions", async || {
            let mut partitions = BTreeSet::new();
            for key in 0..20 {
                partitions.insert(append_one(&world, world.event(&key.to_string(), "settling")).await);
            }
            world.until_all_is_done().await;
            handler.members.lock().unwrap().len() >= partitions.len()
        }).await;

        let held_up = append_one(&world, world.event("0", "spin")).await;
        let mut elsewhere = 0;
        for key in 0..20 {
            let partition = append_one(&world, world.event(&key.to_string(), "elsewhere")).await;
            elsewhere += u64::from(partition != held_up);
        }
        assert!(elsewhere > 0, "keys are spread");
        world.until_rows("effect WHERE text = 'elsewhere'", elsewhere).await;
        assert_eq!(world.letters().await, [], "it is still under way");
        world.until("what is behind it waits", async || world.log.inner.lag(CONSUMER, &[TOPIC]).await.unwrap() == 1 + 20 - elsewhere).await;

        handler.lenient.store(true, Ordering::Relaxed);
        world.until_all_is_done().await;
        world.until_rows("effect WHERE text = 'elsewhere'", 20).await;
        world.stop(&[consumer]).await;
    }

    async fn a_school_with_little_comes_before_one_with_much_in_its_partition(database: TestDatabase) {
        let world = World::new(database).await;
        let mut partition = 0;
        for number in 10..30 {
            partition = append_one(&world, world.event("hot", &format!("hot {number}"))).await;
        }
        let mut keys = 0..;
        while append_one(&world, world.event(&format!("calm {}", keys.next().unwrap()), "calm")).await != partition {}
        let handler = Arc::new(TestHandler { one_at_a_time: true.into(), ..Default::default() });
        let consumer = world.start_consumer(Arc::clone(&handler));
        world.until_all_is_done().await;
        let texts = handler.texts.lock().unwrap().clone();
        let first_hot = texts.iter().position(|text| text.starts_with("hot")).unwrap();
        // The other keys that were tried are in other partitions, which may come before or after.
        let calm_behind = texts[first_hot..].iter().take(20).filter(|text| *text == "calm").count();
        assert_eq!(calm_behind, 0, "{texts:?}");
        let hot: Vec<&String> = texts.iter().filter(|text| text.starts_with("hot")).collect();
        assert!(hot.is_sorted(), "a school's records keep their order: {texts:?}");
        assert_eq!((hot.len(), handler.handled.load(Ordering::Relaxed)), (20, texts.len()));
        world.stop(&[consumer]).await;
    }

    /// Schools overtake each other, so what is done is not always a beginning.
    async fn what_overtook_is_not_processed_again_when_the_rest_is_retried(database: TestDatabase) {
        let world = World::new(database).await;
        let handler = Arc::new(TestHandler { one_at_a_time: true.into(), away: 2.into(), ..Default::default() });
        let partition = append_one(&world, world.event("hot", "away")).await;
        append_one(&world, world.event("hot", "2")).await;
        let mut keys = 0..;
        while append_one(&world, world.event(&format!("calm {}", keys.next().unwrap()), "calm")).await != partition {}
        let calm = keys.next().unwrap();
        let consumer = world.start_consumer(Arc::clone(&handler));
        world.until_all_is_done().await;
        world.until_rows("effect WHERE text = 'calm'", calm).await;
        world.until_rows("effect WHERE text <> 'calm'", 2).await;
        let given = handler.texts.lock().unwrap().iter().filter(|text| *text == "calm").count();
        assert_eq!(given as u64, calm, "each was given to the handler once");
        world.stop(&[consumer]).await;
    }
}
