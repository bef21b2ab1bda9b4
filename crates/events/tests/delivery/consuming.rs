//! The consumer loop and its inbox.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use chrono::TimeDelta;
use schildwacht_events::{Pruning, Record, Topic};

use crate::world::{TOPIC, TestHandler, Trouble, World};

testkit::on_both_stores! {
    async fn each_event_takes_effect_once(database: TestDatabase) {
        let world = World::new(database).await;
        let (relay, consumer) = (world.start_relay(), world.start_consumer(Arc::default()));
        let texts: Vec<String> = (0..200).map(|number| format!("{number:03}")).collect();
        for text in &texts {
            world.commit_events(vec![world.event(text, text)]).await;
        }
        world.until_rows("effect", 200).await;
        world.until_all_is_done().await;
        assert_eq!(world.effects().await, texts);
        assert_eq!(world.count("inbox").await, 200);
        world.stop(&[relay, consumer]).await;
    }

    /// The relay crashes between publishing and deleting.
    async fn an_event_published_twice_takes_effect_once(database: TestDatabase) {
        let world = World::new(database).await;
        world.log.expect(Trouble::Unheard, 2);
        let (relay, consumer) = (world.start_relay(), world.start_consumer(Arc::default()));
        world.commit_events(vec![world.event("key", "1"), world.event("key", "2")]).await;
        world.until_rows("outbox", 0).await;
        world.until_rows("effect", 2).await;
        world.until_all_is_done().await;
        let published: Vec<String> = world.published().await.into_values().flatten().collect();
        assert_eq!(published, ["1", "2", "1", "2", "1", "2"]);
        assert_eq!(world.effects().await, ["1", "2"]);
        world.stop(&[relay, consumer]).await;
    }

    /// The consumer crashes between its effect and the commit of the offset.
    async fn an_event_delivered_twice_takes_effect_once(database: TestDatabase) {
        let world = World::new(database).await;
        let events = vec![world.event("a", "1"), world.event("b", "2"), world.event("c", "poison: bad")];
        world.append(events.clone()).await;
        let first = world.start_consumer(Arc::default());
        world.until_all_is_done().await;
        first.request();
        // The same records at new places are to the inbox what the same places would be.
        world.append(events).await;
        let second = world.start_consumer(Arc::default());
        world.until_all_is_done().await;
        assert_eq!(world.effects().await, ["1", "2"]);
        assert_eq!(world.letters().await.len(), 1);
        world.stop(&[second]).await;
    }

    async fn only_the_culprit_goes_to_the_dead_letters(database: TestDatabase) {
        let world = World::new(database).await;
        let texts = ["1", "2", "poison: does not add up", "4", "5"];
        world.append(texts.iter().map(|text| world.event("key", text)).collect()).await;
        let consumer = world.start_consumer(Arc::default());
        world.until_all_is_done().await;
        assert_eq!(world.effects().await, ["1", "2", "4", "5"]);
        let letters = world.letters().await;
        assert_eq!(letters.len(), 1);
        assert_eq!((letters[0].reason.as_str(), letters[0].detail.as_str()), ("test_poison", "does not add up"));
        assert_eq!((letters[0].position.topic, letters[0].position.offset, letters[0].attempts), (TOPIC, 2, 1));
        world.stop(&[consumer]).await;
    }

    async fn a_record_that_is_no_event_is_kept_as_it_came(database: TestDatabase) {
        let world = World::new(database).await;
        let strange = Record {
            key: Bytes::from_static(b"\xff"),
            headers: vec![("ce_id".to_owned(), Bytes::from_static(b"\xfe\xff"))],
            value: Some(Bytes::from_static(b"?")),
        };
        world.log.inner.append(TOPIC, vec![strange.clone()]).await.unwrap();
        world.append(vec![world.event("key", "after it")]).await;
        let consumer = world.start_consumer(Arc::default());
        world.until_all_is_done().await;
        assert_eq!(world.effects().await, ["after it"]);
        let letters = world.letters().await;
        assert_eq!(letters[0].reason, "envelope_unreadable");
        assert!(letters[0].detail.contains("ce_type is missing"), "{}", letters[0].detail);
        assert_eq!(letters[0].size, 1);
        world.stop(&[consumer]).await;
    }

    async fn parts_that_are_refused_do_not_hold_up_the_rest(database: TestDatabase) {
        let world = World::new(database).await;
        world.append(vec![world.event("key", "parts: a !b c !d")]).await;
        let consumer = world.start_consumer(Arc::default());
        world.until_all_is_done().await;
        assert_eq!(world.effects().await, ["a", "c"]);
        let mut details: Vec<String> = world.letters().await.into_iter().map(|letter| letter.detail).collect();
        details.sort();
        assert_eq!(details, ["!b", "!d"]);
        world.stop(&[consumer]).await;
    }

    async fn passing_trouble_undoes_everything_and_is_tried_again(database: TestDatabase) {
        let world = World::new(database).await;
        let handler = Arc::new(TestHandler { away: 2.into(), ..Default::default() });
        world.append(["1", "away", "3"].map(|text| world.event("key", text)).to_vec()).await;
        let consumer = world.start_consumer(Arc::clone(&handler));
        world.until_all_is_done().await;
        assert_eq!(world.effects().await, ["1", "3", "away"]);
        assert_eq!(world.letters().await, []);
        assert_eq!(handler.handled.load(Ordering::Relaxed), 2 + 2 + 3, "twice up to the trouble, then all");
        world.stop(&[consumer]).await;
    }

    async fn troubles_of_the_log_lose_and_repeat_nothing(database: TestDatabase) {
        let world = World::new(database).await;
        let handler = Arc::new(TestHandler { away: 1.into(), ..Default::default() });
        let troubles = &world.log.reading;
        troubles.next.store(2, Ordering::Relaxed);
        troubles.commit.store(1, Ordering::Relaxed);
        troubles.rewind.store(1, Ordering::Relaxed);
        world.append(["1", "2"].map(|text| world.event("key", text)).to_vec()).await;
        let consumer = world.start_consumer(Arc::clone(&handler));
        world.until_rows("effect", 2).await;
        assert_eq!(world.log.inner.lag(crate::world::CONSUMER, &[TOPIC]).await.unwrap(), 2, "the commit has failed");

        world.append(["3", "away", "5"].map(|text| world.event("key", text)).to_vec()).await;
        world.until_all_is_done().await;
        assert_eq!(world.effects().await, ["1", "2", "3", "5", "away"]);
        assert_eq!(troubles.rewind.load(Ordering::Relaxed), 0);
        world.stop(&[consumer]).await;
    }

    async fn two_members_share_the_work(database: TestDatabase) {
        let world = World::new(database).await;
        let handler: Arc<TestHandler> = Arc::default();
        let members = [world.start_consumer(Arc::clone(&handler)), world.start_consumer(Arc::clone(&handler))];
        for number in 0..100 {
            world.append(vec![world.event(&number.to_string(), &format!("{number:03}"))]).await;
        }
        world.until_all_is_done().await;
        assert_eq!(world.effects().await, (0..100).map(|number| format!("{number:03}")).collect::<Vec<_>>());
        world.stop(&members).await;
    }

    async fn an_event_is_remembered_for_as_long_as_its_topic_may_deliver_it_again(database: TestDatabase) {
        let world = World::new(database).await;
        world.append(vec![world.event("key", "1")]).await;
        let consumer = world.start_consumer(Arc::default());
        world.until_all_is_done().await;
        let database = world.database.clone();
        // Compacted topics do not count; the other keeps a record for a day, and a segment for an eighth of that.
        let pruning = Pruning { database, topics: &[Topic::TestCompacted, Topic::TestPlain] };
        let now = world.clock.now();
        let inbox_after = async |hours| pruning.run(now + TimeDelta::hours(hours)).await.unwrap();
        assert_eq!(inbox_after(50).await, 0);
        assert_eq!(inbox_after(52).await, 1);
        world.stop(&[consumer]).await;
    }
}
