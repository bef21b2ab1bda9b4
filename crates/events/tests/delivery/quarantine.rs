//! Records that are slow or end the process: set aside, so that what is behind them goes on.

use std::sync::{Arc, atomic::Ordering};

use schildwacht_events::{
    ConsumerConfig,
    delivery::dead_letter::{self, Filter, Replayed, Replays},
};
use sea_orm::ConnectionTrait as _;
use testkit::{Store, TestDatabase};

use crate::world::{CONSUMER, TestHandler, World};

/// Whose notes there are.
const HOLDERS: &str = "(SELECT DISTINCT holder FROM consumer_partition) AS holders";

async fn impatient(database: TestDatabase) -> World {
    let mut world = World::new(database).await;
    // Room for a busy machine; a record that never ends has it three times.
    world.settings = ConsumerConfig { record_timeout_seconds: 2, ..world.settings };
    world
}

/// Consumes this record between two others, sees that it alone is set aside, and replays it with a handler that can process it.
async fn is_set_aside(world: World, text: &str, why: &str) {
    let handler: Arc<TestHandler> = Arc::default();
    let culprit = world.event("key", text);
    let value = culprit.clone().into_record().value.unwrap();
    world.append(vec![world.event("key", "1"), culprit, world.event("key", "3")]).await;
    let consumer = world.start_consumer(Arc::clone(&handler));
    world.until_all_is_done().await;
    assert_eq!(world.effects().await, ["1", "3"]);
    let letters = world.letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].reason.as_str(), letters[0].position.offset), ("quarantined", 1));
    assert_eq!(letters[0].detail, why);
    let (_, excerpt) = dead_letter::show(&world.database, CONSUMER, letters[0].id).await.unwrap().unwrap();
    assert_eq!(excerpt, value, "it is kept whole");

    handler.lenient.store(true, Ordering::Relaxed);
    let replayed = Replays::new(CONSUMER, world.database.clone(), handler).replay(&Filter::default(), &world.ids).await.unwrap();
    assert_eq!(replayed, Replayed { taken_in: 1, refused: 0 });
    assert_eq!(world.effects().await, ["1", "3", text]);
    world.stop(&[consumer]).await;
}

testkit::on_both_stores! {
    async fn a_record_that_never_ends_is_set_aside(database: TestDatabase) {
        is_set_aside(impatient(database).await, "hang", "it was not written within 2 s, 2 times").await;
    }

    async fn a_record_that_keeps_the_cpu_is_set_aside(database: TestDatabase) {
        is_set_aside(impatient(database).await, "spin", "it was not read within 2 s, 2 times").await;
    }

    /// More of them than reads may be left alone: their school must not take the places of all.
    async fn a_school_that_goes_on_sending_what_keeps_the_cpu_is_set_aside_without_a_try(database: TestDatabase) {
        let world = impatient(database).await;
        let handler: Arc<TestHandler> = Arc::default();
        world.append(vec![world.event("slow", "spin")]).await;
        let consumer = world.start_consumer(Arc::clone(&handler));
        world.until("the first is set aside", async || world.letters().await.len() == 1).await;
        let mut events: Vec<_> = (0..30).map(|_| world.event("slow", "spin")).collect();
        events.extend((0..10).map(|school| world.event(&format!("calm {school}"), "calm")));
        world.append(events).await;
        world.until_all_is_done().await;
        assert_eq!(world.effects().await, ["calm"; 10]);
        let mut details: Vec<String> = world.letters().await.into_iter().map(|letter| letter.detail).collect();
        details.sort();
        let (tried, others) = details.split_at(2);
        let soon_after = "it was not read within 2 s, within an hour after another record of its school was quarantined";
        assert_eq!(tried, ["it was not read within 2 s, 2 times", soon_after]);
        assert_eq!(others, ["not tried: 4 reads of earlier records of its school go on although their time is over"; 29]);
        handler.lenient.store(true, Ordering::Relaxed);
        world.stop(&[consumer]).await;
    }

    async fn what_else_a_school_sends_soon_after_has_one_try(database: TestDatabase) {
        let world = impatient(database).await;
        let handler: Arc<TestHandler> = Arc::default();
        world.append(vec![world.event("slow", "hang"), world.event("slow", "hang")]).await;
        let consumer = world.start_consumer(Arc::clone(&handler));
        world.until_all_is_done().await;
        let mut details: Vec<String> = world.letters().await.into_iter().map(|letter| letter.detail).collect();
        details.sort();
        let soon_after = "it was not written within 2 s, within an hour after another record of its school was quarantined";
        assert_eq!(details, ["it was not written within 2 s, 2 times", soon_after], "the second was tried once");
        world.stop(&[consumer]).await;
    }

    async fn a_record_at_which_the_handler_panics_is_set_aside(database: TestDatabase) {
        is_set_aside(World::new(database).await, "panic", "its handler panicked while it wrote it, 2 times").await;
    }

    async fn a_record_that_ends_the_process_is_set_aside_after_two_deaths_alone(database: TestDatabase) {
        let world = World::new(database).await;
        let handler: Arc<TestHandler> = Arc::default();
        world.append(["1", "die", "3"].map(|text| world.event("key", text)).to_vec()).await;
        let mut deaths = 0;
        while world.run_until_death(Arc::clone(&handler)).await {
            deaths += 1;
            assert!(deaths < 10, "it kills for ever");
        }
        assert_eq!(deaths, 3, "once in company, twice alone");
        assert_eq!(world.effects().await, ["1", "3"]);
        let letters = world.letters().await;
        assert_eq!(letters.len(), 1);
        assert_eq!((letters[0].reason.as_str(), letters[0].position.offset), ("quarantined", 1));
        assert_eq!(letters[0].detail, "the process ended 2 times while it processed this record alone");
    }

    /// Of an innocent record that is under way whenever the process is stopped.
    async fn clean_ends_and_times_of_trouble_are_no_deaths(database: TestDatabase) {
        let world = World::new(database).await;
        world.append(vec![world.event("key", "die")]).await;
        assert!(world.run_until_death(Arc::default()).await);
        for _ in 0..3 {
            let handler = Arc::new(TestHandler { unavailable: true.into(), ..Default::default() });
            let consumer = world.start_consumer(Arc::clone(&handler));
            world.until("several tries of one process", async || handler.handled.load(Ordering::Relaxed) >= 3).await;
            consumer.request();
            world.until_rows("consumer_partition", 0).await;
        }
        let mended = Arc::new(TestHandler { lenient: true.into(), ..Default::default() });
        let consumer = world.start_consumer(mended);
        world.until_all_is_done().await;
        assert_eq!(world.effects().await, ["die"]);
        assert_eq!(world.letters().await, []);
        world.stop(&[consumer]).await;
    }

    /// It was read there by another process, which died of it.
    async fn a_partition_that_comes_back_is_judged_as_it_is_now(database: TestDatabase) {
        let world = World::new(database).await;
        let append = async || world.append((0..40).map(|key| world.event(&key.to_string(), "die")).collect()).await;
        let survivor = world.start_consumer(Arc::new(TestHandler { lenient: true.into(), ..Default::default() }));
        append().await;
        world.until_all_is_done().await;
        assert_eq!(world.count(HOLDERS).await, 1);

        let mortal: Arc<TestHandler> = Arc::default();
        let feeding = world.until("the other dies", async || {
            append().await;
            false
        });
        tokio::select! {
            () = world.run_until_it_dies(mortal) => {}
            () = feeding => unreachable!(),
        }
        append().await;
        world.until_all_is_done().await;
        assert_eq!(world.count(HOLDERS).await, 1, "the note of the one that died was seen");
        world.stop(&[survivor]).await;
    }

    async fn a_member_that_ends_leaves_the_notes_of_the_others(database: TestDatabase) {
        let mut world = World::new(database).await;
        world.settings.partitions = 2;
        let [one, other] = world.start_members(Arc::default()).try_into().unwrap();
        world.until("both have received something", async || {
            world.append((0..40).map(|key| world.event(&key.to_string(), "x")).collect()).await;
            world.count(HOLDERS).await == 2
        }).await;
        one.request();
        world.until("one has ended", async || world.count(HOLDERS).await < 2).await;
        assert_eq!(world.count(HOLDERS).await, 1);
        world.stop(&[other]).await;
    }

    async fn the_ordinary_path_leaves_one_note_for_a_partition(database: TestDatabase) {
        let world = World::new(database).await;
        let consumer = world.start_consumer(Arc::default());
        for text in ["1", "2", "3"] {
            world.append(vec![world.event("key", text)]).await;
            world.until_all_is_done().await;
        }
        let notes = world.texts("SELECT topic || '/' || begun_by || '/' || COALESCE(begun_offset, -1) FROM consumer_partition").await;
        assert_eq!(notes, ["test.plain.v1/0/-1"], "nothing was begun alone");
        world.stop(&[consumer]).await;
    }
}

/// Its database takes no note back; SQLite can be told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_that_cannot_be_taken_back_counts_once_for_a_process() {
    let world = World::new(TestDatabase::new(Store::Sqlite).await.unwrap()).await;
    world.append(vec![world.event("key", "die")]).await;
    assert!(world.run_until_death(Arc::default()).await);
    let txn = world.database.begin().await.unwrap();
    let no_way_back = "CREATE TRIGGER no_way_back BEFORE UPDATE ON consumer_partition WHEN NEW.begun_by < OLD.begun_by \
                       BEGIN SELECT RAISE(ABORT, 'no way back'); END";
    txn.execute_unprepared(no_way_back).await.unwrap();
    txn.commit().await.unwrap();

    let handler = Arc::new(TestHandler { unavailable: true.into(), lenient: true.into(), ..Default::default() });
    let consumer = world.start_consumer(Arc::clone(&handler));
    world.until("several tries of one process", async || handler.handled.load(Ordering::Relaxed) >= 4).await;
    assert_eq!(world.texts("SELECT CAST(begun_by AS TEXT) FROM consumer_partition").await, ["1"]);
    handler.unavailable.store(false, Ordering::Relaxed);
    world.until_all_is_done().await;
    assert_eq!(world.effects().await, ["die"]);
    assert_eq!(world.letters().await, []);
    world.stop(&[consumer]).await;
}
