//! A database restored from a backup: what an operator accepts, and what that hides.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use runtime::{Clock, Ids};
use schildwacht_storage::{
    Database,
    audit::{AcceptError, Acceptance, Chain, History, Made, RestoredRows, SharedAnchor, SigningKey},
};

use crate::{
    attacker::{ALL, back_up, rehash, restore, tamper},
    elsewhere::Elsewhere,
    world::{SCHOOL, World, new_key, school},
};

const REASON: &str = "backup of 28 November, the disk failed";

/// A backup older than all checkpoints, and one younger.
const LONG_AGO: &str = "2000-01-01T00:00:00Z";
const LATER: &str = "2999-01-01T00:00:00Z";

/// What an operator gives; by default the right thing.
struct Operator<'a> {
    key: &'a SigningKey,
    backup_of: &'a str,
    reason: &'a str,
    place: SharedAnchor,
}

impl<'a> Operator<'a> {
    fn of(world: &'a World) -> Self {
        Self { key: &world.key, backup_of: LONG_AGO, reason: REASON, place: world.file() }
    }

    async fn accept(self, world: &World) -> Result<Vec<(String, RestoredRows)>, AcceptError> {
        let history = world.history().await;
        self.accept_what_was_read(world, &history).await
    }

    async fn accept_what_was_read(self, world: &World, history: &History) -> Result<Vec<(String, RestoredRows)>, AcceptError> {
        let acceptance = Acceptance {
            service: world.service,
            database: &world.database,
            history,
            key: self.key,
            place: &*self.place,
            at: Clock::system().now(),
            series: Ids::random(Clock::system()).next::<runtime::AuditId>().as_uuid(),
            backup_of: self.backup_of.parse().unwrap(),
            reason: self.reason,
        };
        acceptance.accept().await
    }
}

/// Which rows were accepted as gone.
async fn accept(world: &World) -> Vec<(String, i64, i64)> {
    let accepted = Operator::of(world).accept(world).await.unwrap();
    accepted.into_iter().map(|(chain, rows)| (chain, rows.from, rows.to)).collect()
}

/// A checkpoint and a backup, then two more rows of the school and a new chain, which another checkpoint saw; and then the backup again.
async fn restored(world: &World) {
    world.checkpoint().await;
    back_up(&world.database).await;
    world.append(school(), 2).await;
    world.append(Chain::Board(uuid::Uuid::from_u128(2).into()), 1).await;
    world.checkpoint().await;
    restore(&world.database).await;
}

const BOARD: &str = "board:00000000-0000-0000-0000-000000000002";

/// Chain and rows that are gone with an accepted restore.
async fn gone(world: &World) -> Vec<String> {
    let of = |chain: String, rows: &RestoredRows| format!("{chain} {}-{} {}", rows.from, rows.to, rows.reason);
    world
        .reports()
        .await
        .into_iter()
        .flat_map(|report| report.restored.iter().map(|rows| of(report.chain.clone(), rows)).collect::<Vec<_>>())
        .collect()
}

async fn rewrite(database: &Database, from_row: i64) {
    tamper(database, &format!("UPDATE audit_log SET actor = 'person:2' WHERE chain = '{SCHOOL}' AND seq = {from_row}")).await;
    rehash(database, SCHOOL, from_row, ALL).await;
}

testkit::on_both_stores! {
    async fn an_accepted_restore_is_a_dated_fact_and_no_break(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        restored(&world).await;
        assert_eq!(world.said().await.len(), 2, "before it is accepted");
        assert_eq!(accept(&world).await, [(BOARD.to_owned(), 1, 1), (SCHOOL.to_owned(), 4, 5)]);
        assert_eq!(world.said().await, [""; 0]);
        assert_eq!(gone(&world).await, [format!("{BOARD} 1-1 {REASON}"), format!("{SCHOOL} 4-5 {REASON}")]);
        assert_eq!(world.history().await.findings(), []);
        let proven: Vec<(i64, i64)> = world.reports().await.iter().map(|report| (report.rows, report.proven)).collect();
        assert_eq!(proven, [(0, 0), (2, 2), (3, 3)]);
    }

    async fn the_service_goes_on_after_an_accepted_restore(database: TestDatabase) {
        let mut world = World::with_rows(&database).await;
        restored(&world).await;
        world.append(school(), 1).await;
        assert_eq!(world.checkpoint().await.contradicted, [BOARD, SCHOOL], "until it is accepted");
        assert_eq!(accept(&world).await, [(BOARD.to_owned(), 1, 1), (SCHOOL.to_owned(), 4, 5)], "there is another row 4");
        for restarts in [false, true] {
            if restarts {
                world.restart();
            }
            world.append(school(), 1).await;
            assert_eq!(world.checkpoint().await, Made { checkpoints: 1, contradicted: Vec::new() }, "restarted: {restarts}");
            assert_eq!(world.checkpoint().await, Made::default());
        }
        world.append(Chain::Board(uuid::Uuid::from_u128(2).into()), 1).await;
        world.checkpoint().await;
        assert_eq!((world.said().await, world.history().await.findings().len()), (Vec::new(), 0));
        let proven: Vec<i64> = world.reports().await.iter().map(|report| report.proven).collect();
        assert_eq!(proven, [1, 2, 6]);
    }

    async fn what_is_done_after_an_accepted_restore_is_named_as_ever(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        restored(&world).await;
        world.append(school(), 3).await;
        accept(&world).await;
        // Also before the service makes its next checkpoint.
        tamper(&world.database, &format!("DELETE FROM audit_log WHERE chain = '{SCHOOL}' AND seq >= 6")).await;
        rehash(&world.database, SCHOOL, 6, ALL).await;
        let said = world.said().await;
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with(&format!("{SCHOOL}: rows 4 to 6: cut off after row 5 or rewritten")), "{said:?}");
        assert_eq!(world.checkpoint().await.contradicted, [SCHOOL], "the service notices too");
    }

    async fn rows_before_the_backup_are_compared_with_all_checkpoints_still(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        restored(&world).await;
        accept(&world).await;
        rewrite(&world.database, 2).await;
        let said = world.said().await;
        assert!(said.len() == 1 && said[0].starts_with(&format!("{SCHOOL}: rows 1 to 3: rewritten")), "{said:?}");
    }

    async fn a_second_restore_is_accepted_like_the_first(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        restored(&world).await;
        accept(&world).await;
        world.append(school(), 4).await;
        world.checkpoint().await;
        restore(&world.database).await;
        assert_eq!(world.said().await.len(), 1);
        assert_eq!(accept(&world).await, [(SCHOOL.to_owned(), 4, 7)]);
        world.append(school(), 1).await;
        assert_eq!(world.checkpoint().await.contradicted, [""; 0]);
        assert_eq!((world.said().await, gone(&world).await.len()), (Vec::new(), 3));
    }

    async fn without_the_key_nothing_is_accepted(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        restored(&world).await;
        let signed_by_another = Operator { key: &new_key(), ..Operator::of(&world) }.accept(&world).await.unwrap();
        assert_eq!(signed_by_another.len(), 2, "it was written");
        assert_eq!((world.said().await.len(), gone(&world).await.len()), (2, 0), "and counts for nothing");
        assert!(world.history().await.findings().iter().any(|finding| finding.kind() == "checkpoint_key_unknown"));
    }

    async fn nothing_but_a_restore_is_accepted(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        assert_eq!(accept(&world).await, [], "nothing is gone");
        assert_eq!(world.history().await.checkpoints(), 1, "nor is anything written");
        for reason in ["", " \n", "two\nlines", &"x".repeat(501)] {
            let operator = Operator { reason, ..Operator::of(&world) };
            assert!(matches!(operator.accept(&world).await, Err(AcceptError::Reason)), "{reason:?}");
        }
        tamper(&world.database, &format!("UPDATE audit_log SET actor = 'person:2' WHERE chain = '{SCHOOL}' AND seq = 2")).await;
        let refused = Operator::of(&world).accept(&world).await.unwrap_err().to_string();
        assert!(refused.contains(SCHOOL) && refused.contains("row 2: changed after it was written"), "{refused}");
        assert_eq!((world.history().await.checkpoints(), world.said().await.len()), (1, 1));
    }

    async fn rows_that_were_rewritten_before_a_restore_are_not_signed_as_proven(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        world.append(school(), 4).await;
        world.checkpoint().await;
        rewrite(&world.database, 5).await;
        tamper(&world.database, &format!("DELETE FROM audit_log WHERE chain = '{SCHOOL}' AND seq = 7")).await;
        rehash(&world.database, SCHOOL, 6, ALL).await;
        assert_eq!(accept(&world).await, [(SCHOOL.to_owned(), 4, 7)]);
        assert_eq!(gone(&world).await, [format!("{SCHOOL} 4-7 {REASON}")], "named with those that are gone");
    }

    async fn only_rows_up_to_the_last_that_was_named_are_excused(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        restored(&world).await;
        accept(&world).await;
        world.append(school(), 4).await;
        world.checkpoint().await;
        restore(&world.database).await;
        let said = world.said().await;
        assert!(said.len() == 1 && said[0].starts_with(&format!("{SCHOOL}: rows 4 to 7: cut off")), "{said:?}");
    }

    async fn only_what_was_read_is_excused_whatever_the_clocks_say(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        back_up(&world.database).await;
        world.append(school(), 2).await;
        let elsewhere = Arc::new(Elsewhere::default());
        // Another process, whose file is found after the restore was accepted.
        let other_folder = tempfile::tempdir().unwrap();
        let other = world.another_process(other_folder.path(), Vec::new());
        other.make().await.unwrap();
        world.checkpoint().await;
        restore(&world.database).await;
        let place = Arc::clone(&elsewhere) as SharedAnchor;
        Operator { place, ..Operator::of(&world) }.accept(&world).await.unwrap();
        let found_later = world.file_in(other_folder.path());
        for (places, breaks) in [(vec![world.file(), Arc::clone(&elsewhere) as SharedAnchor], 0), (vec![world.file(), elsewhere, found_later], 1)] {
            let history = History::read(world.service, &places, &world.trusted).await.unwrap();
            let reports = schildwacht_storage::audit::examine(&world.database, &history, None).await.unwrap();
            let found: Vec<String> = reports.iter().flat_map(|report| report.findings.iter().map(crate::world::plain)).collect();
            assert_eq!(found, vec!["rows 4 to 5: cut off at the end, checkpoint 1 saw row 5"; breaks], "{history:?}");
        }
    }

    async fn rows_from_before_the_backup_are_not_accepted_as_gone(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        restored(&world).await;
        let refused = Operator { backup_of: LATER, ..Operator::of(&world) }.accept(&world).await.unwrap_err().to_string();
        assert!(refused.starts_with(BOARD) && refused.contains("before that backup was made"), "{refused}");
        assert_eq!((world.history().await.accepted().len(), world.said().await.len()), (0, 2));
    }

    async fn nothing_is_accepted_while_checkpoints_are_missing(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        world.append(school(), 1).await;
        restored(&world).await;
        let file = std::fs::read_to_string(world.path()).unwrap();
        let second = file.match_indices("schildwacht.be/audit/").nth(1).unwrap().0;
        std::fs::write(world.path(), &file[second..]).unwrap();
        let refused = Operator::of(&world).accept(&world).await.unwrap_err().to_string();
        assert!(refused.contains("checkpoint 1 is missing"), "{refused}");
        assert_eq!(world.history().await.accepted(), []);
    }

    async fn an_accepted_restore_is_listed_with_what_the_operator_said(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        restored(&world).await;
        accept(&world).await;
        let said: Vec<String> = world.history().await.accepted().iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("restore of a backup of 2000-01-01T00:00:00Z, accepted 20"), "{said:?}");
        assert!(said[0].contains(" for 2 chain(s) ") && said[0].ends_with(REASON), "{said:?}");
    }

    async fn a_service_that_finds_an_accepted_restore_records_it_and_keeps_it(database: TestDatabase) {
        let mut world = World::with_rows(&database).await;
        // The log of a test program is one, so under a name that no other test has.
        world.service = match database.store() {
            testkit::Store::Postgres => "identity",
            testkit::Store::Sqlite => "network-monitor",
        };
        let resource = format!("audit:{}", world.service);
        let is_recorded = || testkit::security_lines("restore_accepted").iter().any(|line| line.resource == resource);
        world.restart();
        restored(&world).await;
        assert!(!is_recorded());
        let elsewhere = Arc::new(Elsewhere::default());
        Operator { place: Arc::clone(&elsewhere) as SharedAnchor, ..Operator::of(&world) }.accept(&world).await.unwrap();
        assert_eq!(world.history().await.accepted(), [], "not in the file");
        world.maker_with(vec![elsewhere]).make().await.unwrap();
        assert_eq!(world.history().await.accepted().len(), 1, "in the file too");
        assert_eq!(world.history().await.findings(), []);
        // Each start says it again; a flood of other tests can cut a line.
        testkit::eventually("the security event of an accepted restore", async || {
            world.restart();
            world.checkpoint().await;
            is_recorded().then_some(())
        })
        .await;
    }

    async fn a_place_that_never_answers_holds_up_no_alarm(database: TestDatabase) {
        let mut world = World::with_rows(&database).await;
        restored(&world).await;
        let elsewhere = Arc::new(Elsewhere::default());
        elsewhere.never_answers.store(true, Ordering::Relaxed);
        world.restores_within = Duration::from_millis(1);
        let maker = world.maker_with(vec![elsewhere]);
        assert_eq!(maker.make().await.unwrap().contradicted, [BOARD, SCHOOL]);
    }

    async fn an_accepted_restore_at_another_place_is_looked_for_each_time_and_known_at_the_next_start(database: TestDatabase) {
        let mut world = World::with_rows(&database).await;
        restored(&world).await;
        let elsewhere = Arc::new(Elsewhere::default());
        let maker = world.maker_with(vec![Arc::clone(&elsewhere) as SharedAnchor]);
        assert_eq!(maker.make().await.unwrap().contradicted, [BOARD, SCHOOL]);
        Operator { place: elsewhere, ..Operator::of(&world) }.accept(&world).await.unwrap();
        assert_eq!(maker.make().await.unwrap().contradicted, [""; 0]);
        world.restart();
        assert_eq!(world.checkpoint().await.contradicted, [""; 0], "without that place");
    }
}
