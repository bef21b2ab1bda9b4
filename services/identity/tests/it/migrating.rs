//! The migration makes the tables, once, and the tables refuse what no gateway can be.

use schildwacht_identity::migrations;
use sea_orm::ConnectionTrait as _;
use storage::migrate::MigrationReport;
use testkit::{Store, TestDatabase, on_both_stores, unguarded_tables};

use crate::world::{World, operator};

on_both_stores! {
    async fn the_tables_are_made_once(database: TestDatabase) {
        let database = database.owned(migrations()).await;
        let again = database.migrate(migrations(), &runtime::Clock::system()).await.unwrap();
        assert_eq!(again, MigrationReport::default(), "nothing is left to do");
    }

    async fn tables_refuse_what_no_gateway_or_school_can_be(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        world.enrol(&operator(), &zandloper).await;
        for impossible in [
            "UPDATE gateway SET secret_hash = NULL",
            "UPDATE gateway SET state = 'revoked'",
            "UPDATE school SET institution_number = '1'",
            "DELETE FROM board",
            "DELETE FROM school",
        ] {
            let txn = world.database.begin().await.unwrap();
            assert!(txn.execute_unprepared(impossible).await.is_err(), "{impossible}");
        }
    }
}

/// What the audit trail and the event log keep, and mails, are looked up by the service itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_is_guarded_or_named_here() {
    let Some(place) = TestDatabase::new(Store::Postgres).await else { return };
    let database = place.migrated(migrations()).await;
    let unguarded = [
        "audit_actor",
        "audit_head",
        "audit_log",
        "board",
        "consumer_partition",
        "dead_letter",
        "inbox",
        "mail",
        "outbox",
        "person",
        "schema_migration",
    ];
    assert_eq!(unguarded_tables(&database).await, unguarded, "guard a new table in the migration (storage::reach)");
}
