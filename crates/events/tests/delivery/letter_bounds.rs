//! What one school may have among the dead letters.

use std::sync::Arc;

use bytes::Bytes;
use chrono::TimeDelta;
use runtime::SchoolId;
use schildwacht_events::ConsumerConfig;
use storage::retention::{Hold, Subject, hold};

use crate::world::{TestHandler, World};

testkit::on_both_stores! {
    async fn a_school_at_its_bound_loses_its_oldest_letters_and_no_others(database: TestDatabase) {
        let mut world = World::new(database).await;
        world.settings = ConsumerConfig { letters_per_school: 10, ..world.settings };
        let handler: Arc<TestHandler> = Arc::default();
        let consumer = world.start_consumer(Arc::clone(&handler));
        for number in 0..3 {
            world.append(vec![world.event("calm", &format!("poison: calm {number}"))]).await;
        }
        for number in 10..25 {
            world.append(vec![world.event("hot", &format!("poison: hot {number}"))]).await;
            world.until_all_is_done().await;
        }
        let details: Vec<String> = world.letters().await.into_iter().map(|letter| letter.detail).collect();
        let of = |school: &str| details.iter().filter(|detail| detail.starts_with(school)).cloned().collect::<Vec<_>>();
        assert_eq!(of("calm").len(), 3, "{details:?}");
        // Beyond ten, down to nine: at the eleventh, the thirteenth and the fifteenth.
        assert_eq!(of("hot"), (16..25).rev().map(|number| format!("hot {number}")).collect::<Vec<_>>());
        assert_eq!(*handler.told.lock().unwrap(), [(Bytes::from_static(b"hot"), 2)], "once an hour, after the transaction in which they went");
        assert_eq!(world.effects().await, ["told 2"]);
        world.stop(&[consumer]).await;
    }

    async fn of_a_school_on_hold_the_letters_of_before_stay_and_the_bound_is_for_those_since(database: TestDatabase) {
        let mut world = World::new(database).await;
        world.settings = ConsumerConfig { letters_per_school: 10, ..world.settings };
        let consumer = world.start_consumer(Arc::default());
        let school: SchoolId = world.ids.next();
        let refused = async |numbers: std::ops::Range<u32>| {
            for number in numbers {
                world.append(vec![world.event(&school.to_string(), &format!("poison: {number}"))]).await;
                world.until_all_is_done().await;
            }
        };
        refused(10..18).await;
        let hold = Hold {
            id: world.ids.next(),
            subject: Subject::School(school),
            reason: "klacht".to_owned(),
            placed_by: "person:1".to_owned(),
            placed_at: world.clock.now(),
            ends_at: world.clock.now() + TimeDelta::days(1),
            lifted: None,
        };
        let txn = world.database.begin().await.unwrap();
        hold::place(&txn, &hold).await.unwrap();
        txn.commit().await.unwrap();
        refused(20..35).await;
        let kept: Vec<String> = world.letters().await.into_iter().map(|letter| letter.detail).collect();
        assert_eq!(kept, (26..35).rev().chain((10..18).rev()).map(|number| number.to_string()).collect::<Vec<_>>());
        world.stop(&[consumer]).await;
    }

    async fn what_could_not_be_told_is_told_the_next_time_letters_give_way(database: TestDatabase) {
        let mut world = World::new(database).await;
        world.settings = ConsumerConfig { letters_per_school: 10, ..world.settings };
        let handler = Arc::new(TestHandler { deaf: 1.into(), ..Default::default() });
        let consumer = world.start_consumer(Arc::clone(&handler));
        for number in 10..25 {
            world.append(vec![world.event("hot", &format!("poison: hot {number}"))]).await;
            world.until_all_is_done().await;
        }
        assert_eq!(*handler.told.lock().unwrap(), [(Bytes::from_static(b"hot"), 4)]);
        assert_eq!(world.effects().await, ["told 4"], "what failed left nothing behind");
        world.stop(&[consumer]).await;
    }

    async fn bytes_count_too_and_the_newest_letter_stays_however_large(database: TestDatabase) {
        let mut world = World::new(database).await;
        world.settings = ConsumerConfig { letter_bytes_per_school: 10_000, ..world.settings };
        let consumer = world.start_consumer(Arc::default());
        let append = async |number: u32, bytes: usize| {
            world.append(vec![world.event("hot", &format!("poison: {number}{}", ".".repeat(bytes)))]).await;
            world.until_all_is_done().await;
            let letters = world.letters().await;
            letters.into_iter().map(|letter| letter.detail.chars().next().unwrap()).collect::<String>()
        };
        assert_eq!(append(1, 3_300).await, "1");
        assert_eq!(append(2, 3_300).await, "21");
        assert_eq!(append(3, 3_300).await, "32", "with keys and headers that was too much");
        assert_eq!(append(4, 20_000).await, "4");
        world.stop(&[consumer]).await;
    }
}
