//! The migration makes the tables, once, and the tables refuse what no case can be.

use schildwacht_incident_intake::migrations;
use sea_orm::ConnectionTrait as _;
use storage::migrate::MigrationReport;
use testkit::{Store, TestDatabase, on_both_stores, unguarded_tables};

use crate::world::World;

on_both_stores! {
    async fn the_tables_are_made_once(database: TestDatabase) {
        let database = database.owned(migrations()).await;
        let again = database.migrate(migrations(), &runtime::Clock::system()).await.unwrap();
        assert_eq!(again, MigrationReport::default(), "nothing is left to do");
    }

    async fn tables_refuse_what_no_case_can_be(database: TestDatabase) {
        let world = World::start(&database).await;
        world.with_a_case().await;
        for impossible in [
            "UPDATE incident_case SET phase = 7",
            "UPDATE incident_case SET close_reason = 'resolved'",
            "UPDATE incident_case SET severity = 5",
            "UPDATE timeline_entry SET actor_name = 'Noor Claes', actor_id = NULL",
            "DELETE FROM incident_case",
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
        "case_number",
        "consumer_partition",
        "dead_letter",
        "inbox",
        "outbox",
        "person",
        "schema_migration",
    ];
    assert_eq!(unguarded_tables(&database).await, unguarded, "guard a new table in the migration (storage::reach)");
}
