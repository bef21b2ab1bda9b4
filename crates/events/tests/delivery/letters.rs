//! Dead letters: listing, replaying, growing old.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use auth::Principal;
use chrono::TimeDelta;
use runtime::SchoolId;
use schildwacht_events::{
    Delivered, HandleError, Handler, Rejected,
    delivery::dead_letter::{self, EXCERPT_BYTES, Filter, Replayed, Replays},
};
use storage::{
    Database,
    retention::{Hold, Subject, hold},
};
use testkit::TestDatabase;

use crate::world::{CONSUMER, TestHandler, World};

/// A world in which these events were consumed.
async fn after_consuming(database: TestDatabase, handler: &Arc<TestHandler>, texts: &[&str]) -> World {
    let world = World::new(database).await;
    world.append(texts.iter().map(|text| world.event("key", text)).collect()).await;
    let consumer = world.start_consumer(Arc::clone(handler));
    world.until_all_is_done().await;
    consumer.request();
    world
}

async fn replay(world: &World, handler: &Arc<TestHandler>, filter: &Filter) -> Replayed {
    Replays::new(CONSUMER, world.database.clone(), Arc::clone(handler)).replay(filter, &world.ids).await.unwrap()
}

testkit::on_both_stores! {
    async fn letters_are_listed_newest_first_and_page_by_page(database: TestDatabase) {
        let world = after_consuming(database, &Arc::default(), &["poison: 1", "parts: a !2", "poison: 3"]).await;
        let details = |letters: Vec<dead_letter::Listed>| letters.into_iter().map(|letter| letter.detail).collect::<Vec<_>>();
        assert_eq!(details(world.letters().await), ["3", "!2", "1"]);

        let all = Filter::default();
        let first = world.page_of_letters(CONSUMER, &all, 2, String::new()).await;
        let rest = world.page_of_letters(CONSUMER, &all, 2, first.next_page_token).await;
        assert_eq!((details(first.rows), details(rest.rows)), (vec!["3".to_owned(), "!2".to_owned()], vec!["1".to_owned()]));

        let poison = Filter { reason: "test_poison".to_owned(), ..Filter::default() };
        assert_eq!(world.page_of_letters(CONSUMER, &poison, 1, String::new()).await.total, 2);
        assert_eq!(world.page_of_letters("someone-else", &all, 1, String::new()).await.total, 0);
    }

    async fn only_the_beginning_of_a_large_letter_is_shown(database: TestDatabase) {
        let text = format!("poison: {}", "x".repeat(100_000));
        let world = after_consuming(database, &Arc::default(), &[&text]).await;
        let letters = world.letters().await;
        assert!(letters[0].size > 100_000);
        let (listed, excerpt) = dead_letter::show(&world.database, CONSUMER, letters[0].id).await.unwrap().unwrap();
        assert_eq!((&listed, excerpt.len()), (&letters[0], EXCERPT_BYTES));
        assert_eq!(dead_letter::show(&world.database, "someone-else", letters[0].id).await.unwrap(), None);
    }

    async fn a_letter_taken_in_at_last_is_gone_and_has_taken_effect_once(database: TestDatabase) {
        let handler: Arc<TestHandler> = Arc::default();
        let world = after_consuming(database, &handler, &["poison: 1", "2", "poison: 3"]).await;
        handler.lenient.store(true, Ordering::Relaxed);
        let newest = world.letters().await[0].id;
        let only_newest = Filter { ids: vec![newest], ..Filter::default() };
        assert_eq!(replay(&world, &handler, &only_newest).await, Replayed { taken_in: 1, refused: 0 });
        assert_eq!(world.effects().await, ["2", "poison: 3"]);
        assert_eq!(replay(&world, &handler, &Filter::default()).await, Replayed { taken_in: 1, refused: 0 });
        assert_eq!(replay(&world, &handler, &Filter::default()).await, Replayed::default());
        assert_eq!(world.effects().await, ["2", "poison: 1", "poison: 3"]);
    }

    async fn a_letter_refused_again_stays_with_one_attempt_more(database: TestDatabase) {
        let handler: Arc<TestHandler> = Arc::default();
        let world = after_consuming(database, &handler, &["poison: 1", "parts: a !b"]).await;
        assert_eq!(replay(&world, &handler, &Filter::default()).await, Replayed { taken_in: 0, refused: 2 });
        let letters = world.letters().await;
        assert!(letters.iter().all(|letter| letter.attempts == 2), "{letters:?}");
        assert_eq!(world.effects().await, ["a"], "what a refused letter did is undone, what was processed is not repeated");
    }

    /// Once the whole record was refused; now its handler knows how to read it.
    async fn a_letter_of_which_parts_are_refused_becomes_letters_of_those_parts(database: TestDatabase) {
        let handler: Arc<TestHandler> = Arc::default();
        let world = World::new(database).await;
        let mut unreadable = world.event("key", "parts: a !b !c d").into_record();
        unreadable.headers.retain(|(name, _)| name != "ce_type");
        world.log.inner.append(crate::world::TOPIC, vec![unreadable]).await.unwrap();
        let consumer = world.start_consumer(Arc::clone(&handler));
        world.until_all_is_done().await;
        consumer.request();
        assert_eq!(world.letters().await.len(), 1);

        repair(&world).await;
        assert_eq!(replay(&world, &handler, &Filter::default()).await, Replayed { taken_in: 1, refused: 0 });
        assert_eq!(world.effects().await, ["a", "d"]);
        let letters = world.letters().await;
        let mut details: Vec<&str> = letters.iter().map(|letter| letter.detail.as_str()).collect();
        details.sort_unstable();
        assert_eq!(details, ["!b", "!c"]);
        assert!(letters.iter().all(|letter| letter.attempts == 2));
    }

    async fn a_letter_that_two_replay_at_once_takes_effect_once(database: TestDatabase) {
        let handler: Arc<TestHandler> = Arc::default();
        let world = after_consuming(database, &handler, &["poison: 1", "poison: 2", "poison: 3"]).await;
        handler.lenient.store(true, Ordering::Relaxed);
        let all = Filter::default();
        let (one, other) = tokio::join!(replay(&world, &handler, &all), replay(&world, &handler, &all));
        assert_eq!((one.taken_in + other.taken_in, one.refused + other.refused), (3, 0));
        assert_eq!(world.effects().await, ["poison: 1", "poison: 2", "poison: 3"]);
    }

    async fn a_replay_in_times_of_trouble_leaves_the_reason(database: TestDatabase) {
        let handler = Arc::new(TestHandler::default());
        let world = after_consuming(database, &handler, &["parts: !x"]).await;
        let letter = world.letters().await.remove(0);
        use sea_orm::ConnectionTrait as _;
        // The handler now asks a neighbour that is unavailable.
        let away = world.event("key", "away").into_record().value.unwrap();
        let update = sea_orm::Statement::from_sql_and_values(
            world.database.backend(),
            "UPDATE dead_letter SET value = $1",
            [sea_orm::Value::from(away.to_vec())],
        );
        let txn = world.database.begin().await.unwrap();
        txn.execute_raw(update).await.unwrap();
        txn.commit().await.unwrap();
        handler.away.store(1, Ordering::Relaxed);

        assert_eq!(replay(&world, &handler, &Filter::default()).await, Replayed { taken_in: 0, refused: 1 });
        let after = world.letters().await.remove(0);
        assert_eq!((after.reason, after.detail, after.attempts), (letter.reason, letter.detail, 2));
    }

    async fn a_letter_that_is_removed_while_it_is_replayed_does_not_end_the_replay(database: TestDatabase) {
        let world = after_consuming(database, &Arc::default(), &["poison: 1", "poison: 2"]).await;
        let oldest = world.letters().await.remove(1).id;
        let handler = Arc::new(Overtaken { database: world.database.clone(), removed: 0.into() });
        let only_oldest = Filter { ids: vec![oldest], ..Filter::default() };
        let replayed = Replays::new(CONSUMER, world.database.clone(), Arc::clone(&handler)).replay(&only_oldest, &world.ids).await.unwrap();
        assert_eq!((replayed, handler.removed.load(Ordering::Relaxed)), (Replayed { taken_in: 0, refused: 1 }, 2));
        assert_eq!(world.letters().await, []);
    }

    async fn old_letters_go_but_those_of_a_school_on_hold(database: TestDatabase) {
        let world = World::new(database).await;
        let cx = testkit::context(Principal::service(CONSUMER), world.clock.clone());
        let school: SchoolId = cx.ids.next();
        world.append(vec![world.event(&school.to_string(), "poison: 1")]).await;
        let consumer = world.start_consumer(Arc::default());
        world.until_all_is_done().await;
        consumer.request();
        let failed = world.clock.now();
        let txn = world.database.begin().await.unwrap();
        let hold = Hold {
            id: cx.ids.next(),
            subject: Subject::School(school),
            reason: "a complaint".to_owned(),
            placed_by: cx.actor(),
            placed_at: failed,
            ends_at: failed + TimeDelta::days(20),
            lifted: None,
        };
        hold::place(&txn, &hold).await.unwrap();
        txn.commit().await.unwrap();
        let removed_after = async |days| {
            let now = failed + TimeDelta::days(days);
            let txn = world.database.begin().await.unwrap();
            let held = hold::held(&*txn, now).await.unwrap();
            let removed = dead_letter::aging().remove(&txn, &cx, now - TimeDelta::days(10), &held).await.unwrap();
            txn.commit().await.unwrap();
            removed
        };
        assert_eq!([removed_after(9).await, removed_after(11).await, removed_after(21).await], [0, 0, 1]);
        assert_eq!(world.letters().await, []);
    }
}

/// Refuses every letter, after all letters were removed.
struct Overtaken {
    database: Database,
    removed: AtomicU64,
}

impl Handler for Overtaken {
    type Batch = ();

    fn read(&self, (): &mut (), _: &Delivered) -> Result<Vec<Rejected>, HandleError> {
        let all = remove_all(&self.database);
        self.removed.store(tokio::runtime::Handle::current().block_on(all), Ordering::Relaxed);
        Err(HandleError::poison("test_poison", "still"))
    }
}

async fn remove_all(database: &Database) -> u64 {
    use sea_orm::ConnectionTrait as _;
    let txn = database.begin().await.unwrap();
    let removed = txn.execute_unprepared("DELETE FROM dead_letter").await.unwrap().rows_affected();
    txn.commit().await.unwrap();
    removed
}

/// Gives the letter the header that it lacked.
async fn repair(world: &World) {
    use sea_orm::ConnectionTrait as _;
    let headers = world.texts("SELECT headers FROM dead_letter").await.remove(0);
    let whole = headers.replacen('[', r#"[["ce_type","schildwacht.identity.v1.GatewayDirectoryEntry"],"#, 1);
    let update = sea_orm::Statement::from_sql_and_values(
        world.database.backend(),
        "UPDATE dead_letter SET headers = $1",
        [sea_orm::Value::from(whole)],
    );
    let txn = world.database.begin().await.unwrap();
    txn.execute_raw(update).await.unwrap();
    txn.commit().await.unwrap();
}
