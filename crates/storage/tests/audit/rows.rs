//! What is done to rows and heads.

use auth::Action;
use runtime::Clock;
use schildwacht_storage::audit::{self, AddAuditTrail, Chain, Entry, Finding, History};
use sea_orm::ConnectionTrait as _;
use testkit::{TestDatabase, person};

use crate::{
    attacker::{ALL, Again, rehash, tamper},
    world::{SCHOOL, World, append, school, somebody},
};

/// What the school's chain shows after a statement, with and without checkpoints.
async fn said_after(database: &TestDatabase, statement: &str) -> Vec<String> {
    let world = World::with_rows(database).await;
    tamper(&world.database, statement).await;
    world.said().await
}

fn of_school(findings: &[&str]) -> Vec<String> {
    findings.iter().map(|finding| format!("{SCHOOL}: {finding}")).collect()
}

testkit::on_both_stores! {
    async fn an_untouched_trail_is_intact_and_proven_up_to_its_checkpoint(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.checkpoint().await;
        world.append(school(), 1).await;
        let reports = world.reports().await;
        assert!(reports.iter().all(audit::ChainReport::is_intact), "{reports:?}");
        let counted: Vec<_> = reports.iter().map(|report| (report.chain.as_str(), report.rows, report.proven)).collect();
        assert_eq!(counted, [("platform", 2, 2), (SCHOOL, 4, 3)]);
    }

    async fn every_column_that_is_changed_is_named(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        let other_id = "'0199c0de-0000-7000-8000-00000000ffff'";
        let (other_id, bytes) = match database.store() {
            testkit::Store::Postgres => (other_id.to_owned(), r"'\x0011'::bytea"),
            testkit::Store::Sqlite => ("x'0199c0de00007000800000000000ffff'".to_owned(), "x'0011'"),
        };
        let changes = [
            ("audit_id", other_id.as_str()),
            ("at", "'2026-01-01 00:00:00+00:00'"),
            ("actor", "'person:2'"),
            ("action", "'case.close'"),
            ("resource", "'case:2'"),
            ("detail", "'{}'"),
            ("column_digests", bytes),
            ("hash", bytes),
        ];
        for (column, value) in changes {
            for row in 1..=3 {
                let keep = format!("CREATE TABLE kept AS SELECT * FROM audit_log WHERE chain = '{SCHOOL}'");
                tamper(&world.database, &keep).await;
                tamper(&world.database, &format!("UPDATE audit_log SET {column} = {value} WHERE chain = '{SCHOOL}' AND seq = {row}")).await;
                let expected = of_school(&[&format!("row {row}: changed after it was written: {column}")]);
                assert_eq!(world.said().await, expected, "{column} of row {row}");
                tamper(&world.database, &format!("DELETE FROM audit_log WHERE chain = '{SCHOOL}'")).await;
                tamper(&world.database, "INSERT INTO audit_log SELECT * FROM kept").await;
                tamper(&world.database, "DROP TABLE kept").await;
                assert_eq!(world.said().await, [""; 0], "as it was");
            }
        }
    }

    async fn several_columns_of_several_rows_are_all_named(database: TestDatabase) {
        let statement = format!("UPDATE audit_log SET actor = 'person:2', detail = '{{}}' WHERE chain = '{SCHOOL}' AND seq <> 2");
        let said = said_after(&database, &statement).await;
        let changed = |row| format!("row {row}: changed after it was written: actor, detail");
        assert_eq!(said, of_school(&[&changed(1), &changed(3)]));
    }

    async fn a_row_that_is_moved_to_another_chain_is_missing_in_one_and_unexpected_in_the_other(database: TestDatabase) {
        let said = said_after(&database, &format!("UPDATE audit_log SET chain = 'platform', seq = 3 WHERE chain = '{SCHOOL}' AND seq = 2")).await;
        assert_eq!(said, ["platform: row 3: added beside the chain".to_owned(), format!("{SCHOOL}: row 2: deleted")]);
    }

    async fn a_deleted_row_is_named(database: TestDatabase) {
        let said = said_after(&database, &format!("DELETE FROM audit_log WHERE chain = '{SCHOOL}' AND seq = 2")).await;
        assert_eq!(said, of_school(&["row 2: deleted"]));
    }

    async fn rows_deleted_at_the_end_are_named(database: TestDatabase) {
        let said = said_after(&database, &format!("DELETE FROM audit_log WHERE chain = '{SCHOOL}' AND seq >= 2")).await;
        assert_eq!(said, of_school(&["rows 2 to 3: deleted"]));
    }

    async fn a_row_whose_number_was_changed_is_named(database: TestDatabase) {
        let said = said_after(&database, &format!("UPDATE audit_log SET seq = 7 WHERE chain = '{SCHOOL}' AND seq = 2")).await;
        assert_eq!(said, of_school(&["row 2: deleted", "row 7: added beside the chain"]));
    }

    async fn rows_that_were_swapped_are_named(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        world.append(school(), 3).await;
        for (from, to) in [(1, 90), (2, 1), (90, 2)] {
            tamper(&world.database, &format!("UPDATE audit_log SET seq = {to} WHERE chain = '{SCHOOL}' AND seq = {from}")).await;
        }
        let swapped = |row, other| format!("row {row}: was written as row {other}; rows were reordered");
        assert_eq!(world.said().await, of_school(&[&swapped(1, 2), &swapped(2, 1)]));
        for (from, to) in [(3, 90), (6, 3), (90, 6)] {
            tamper(&world.database, &format!("UPDATE audit_log SET seq = {to} WHERE chain = '{SCHOOL}' AND seq = {from}")).await;
        }
        assert_eq!(world.said().await, of_school(&[&swapped(1, 2), &swapped(2, 1), &swapped(3, 6), &swapped(6, 3)]));
    }

    async fn a_head_that_was_changed_is_named(database: TestDatabase) {
        let said = said_after(&database, &format!("UPDATE audit_head SET hash = (SELECT hash FROM audit_log WHERE chain = 'platform' AND seq = 1) WHERE chain = '{SCHOOL}'")).await;
        assert_eq!(said, of_school(&["row 3: the head of the chain does not agree with its last row"]));
    }

    async fn a_head_that_was_deleted_is_named(database: TestDatabase) {
        let said = said_after(&database, &format!("DELETE FROM audit_head WHERE chain = '{SCHOOL}'")).await;
        assert_eq!(said, of_school(&["the head of the chain was deleted"]));
    }

    async fn a_row_behind_the_head_is_named(database: TestDatabase) {
        let said = said_after(&database, &format!("UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_log WHERE chain = '{SCHOOL}' AND seq = 2) WHERE chain = '{SCHOOL}'")).await;
        assert_eq!(said, of_school(&["row 3: added beside the chain"]));
    }

    async fn the_last_row_rewritten_with_its_hash_is_named(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        tamper(&world.database, &format!("UPDATE audit_log SET actor = 'person:2' WHERE chain = '{SCHOOL}' AND seq = 3")).await;
        rehash(&world.database, SCHOOL, 3, Again { digests: false, head: false, ..ALL }).await;
        let disagrees = "row 3: the head of the chain does not agree with its last row";
        assert_eq!(world.said().await, of_school(&["row 3: changed after it was written: actor", disagrees]));
        rehash(&world.database, SCHOOL, 3, Again { head: false, ..ALL }).await;
        assert_eq!(world.said().await, of_school(&[disagrees]), "also when the digests agree");
    }

    async fn a_row_rewritten_with_its_hash_within_the_chain_is_named(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        tamper(&world.database, &format!("UPDATE audit_log SET actor = 'person:2' WHERE chain = '{SCHOOL}' AND seq = 2")).await;
        rehash(&world.database, SCHOOL, 2, Again { to: 2, digests: false, head: false }).await;
        assert_eq!(world.said().await, of_school(&["row 2: changed after it was written: actor"]));
        rehash(&world.database, SCHOOL, 2, Again { to: 2, digests: true, head: false }).await;
        assert_eq!(world.said().await, of_school(&["row 3: does not follow from row 2; one of both was rewritten"]));
    }

    async fn rows_are_kept_as_they_were_written_whatever_the_application_asks(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        let refused = [
            "UPDATE audit_log SET actor = 'person:2'",
            "UPDATE audit_log SET hash = hash WHERE seq = 1",
            "DELETE FROM audit_log WHERE seq = 3",
            "DELETE FROM audit_head",
            "UPDATE audit_head SET seq = seq - 1",
            "UPDATE audit_head SET seq = seq + 2",
            "UPDATE audit_head SET chain = 'elsewhere', seq = seq + 1",
        ];
        for statement in refused {
            let txn = world.database.begin().await.unwrap();
            let refusal = txn.execute_unprepared(statement).await.expect_err(statement).to_string();
            assert!(refusal.contains("audit"), "{statement}: {refusal}");
        }
        if database.store() == testkit::Store::Postgres {
            let txn = world.database.begin().await.unwrap();
            txn.execute_unprepared("TRUNCATE audit_log").await.expect_err("rows are kept");
        }
        assert_eq!(world.said().await, [""; 0]);
        world.append(school(), 1).await;
    }

    async fn a_chain_that_grows_while_it_is_checked_is_intact(database: TestDatabase) {
        let world = World::with_rows(&database).await;
        let cx = somebody();
        let checking = async {
            loop {
                let findings = world.findings().await;
                assert_eq!(findings, []);
            }
        };
        tokio::select! {
            () = append(&world.database, &cx, school(), 200) => {}
            () = checking => {}
        }
    }

    async fn writers_of_one_chain_at_once_keep_it_intact(database: TestDatabase) {
        let world = World::open(&database).await;
        let cx = somebody();
        futures::future::join_all((0..12).map(|_| append(&world.database, &cx, Chain::Platform, 1))).await;
        let [report] = &world.reports().await[..] else { panic!("one chain") };
        assert_eq!((report.rows, report.is_intact()), (12, true));
    }

    async fn a_row_says_who_did_what_to_which_thing(database: TestDatabase) {
        let database = database.migrated(vec![Box::new(AddAuditTrail)]).await;
        let cx = testkit::context(person(7, &[]), Clock::system());
        let txn = database.begin().await.unwrap();
        let entry = Entry { action: Action::CaseClose, resource: "case:9".into(), detail: serde_json::json!({ "reason": "resolved" }) };
        let receipt = audit::append(&txn, &cx, school(), entry).await.unwrap();
        txn.commit().await.unwrap();
        let [row] = &crate::attacker::rows(&database, SCHOOL).await[..] else { panic!("one row") };
        assert_eq!((row.actor.as_str(), row.action.as_str(), row.resource.as_str()), (cx.actor().as_str(), "case.close", "case:9"));
        assert_eq!((row.seq, &row.hash, row.detail.as_str()), (receipt.seq, &receipt.hash, r#"{"reason":"resolved"}"#));
        let reports = audit::examine(&database, &History::default(), None).await.unwrap();
        assert_eq!(reports.iter().flat_map(|report| report.findings.clone()).collect::<Vec<Finding>>(), []);
    }
}

/// There a moment is a text, by which histories are sorted.
#[tokio::test]
async fn the_same_moment_written_otherwise_is_named_on_sqlite() {
    let database = TestDatabase::new(testkit::Store::Sqlite).await.unwrap();
    let otherwise = format!("UPDATE audit_log SET at = replace(at, '+00:00', 'Z') WHERE chain = '{SCHOOL}' AND seq = 2");
    assert_eq!(said_after(&database, &otherwise).await, of_school(&["row 2: changed after it was written: at"]));
}
