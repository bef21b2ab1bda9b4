//! A database restored from a backup: what an operator accepts, and what that hides.

use runtime::{Clock, Ids};
use schildwacht_storage::{
    Database,
    audit::{AcceptError, Acceptance, Chain, FileAnchor, Made, RestoredRows, SigningKey},
};

use crate::{
    attacker::{ALL, back_up, rehash, restore, tamper},
    world::{SCHOOL, SERVICE, World, new_key, school},
};

const REASON: &str = "backup of 28 November, the disk failed";

async fn accept_with(world: &World, key: &SigningKey, reason: &str) -> Result<Vec<(String, RestoredRows)>, AcceptError> {
    let (history, place) = (world.history().await, FileAnchor::of_service(world.folder.path(), SERVICE));
    let acceptance = Acceptance {
        service: SERVICE,
        database: &world.database,
        history: &history,
        key,
        place: &place,
        at: Clock::system().now(),
        series: Ids::random(Clock::system()).next::<runtime::AuditId>().as_uuid(),
    };
    acceptance.accept(reason).await
}

/// Which rows were accepted as gone.
async fn accept(world: &World) -> Vec<(String, i64, i64)> {
    let accepted = accept_with(world, &world.key, REASON).await.unwrap();
    accepted.into_iter().map(|(chain, rows)| (chain, rows.from, rows.to)).collect()
}

/// A backup, then two more rows of the school and a new chain, which a checkpoint saw; and then the backup again.
async fn restored(world: &World) {
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
        let accepted = accept(&world).await;
        assert_eq!(accepted, [(BOARD.to_owned(), 1, 1), (SCHOOL.to_owned(), 5, 5)], "the checkpoint saw row 5, and there is another row 4");
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
        assert!(said[0].starts_with(&format!("{SCHOOL}: rows 6 to 6: cut off at the end")), "{said:?}");
        assert_eq!(world.checkpoint().await.contradicted, [SCHOOL], "the service notices too");
        rewrite(&world.database, 4).await;
        let said = world.said().await;
        assert!(said[0].starts_with(&format!("{SCHOOL}: rows 6 to 6: cut off")), "{said:?}");
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
        let signed_by_another = accept_with(&world, &new_key(), REASON).await.unwrap();
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
            assert!(matches!(accept_with(&world, &world.key, reason).await, Err(AcceptError::Reason)), "{reason:?}");
        }
        tamper(&world.database, &format!("UPDATE audit_log SET actor = 'person:2' WHERE chain = '{SCHOOL}' AND seq = 2")).await;
        let refused = accept_with(&world, &world.key, REASON).await.unwrap_err().to_string();
        assert!(refused.contains(SCHOOL) && refused.contains("row 2: changed after it was written"), "{refused}");
        assert_eq!((world.history().await.checkpoints(), world.said().await.len()), (1, 1));
    }
}
