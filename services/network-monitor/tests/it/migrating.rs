//! The migration makes the tables, once, and the tables refuse what no device can be.

use schildwacht_network_monitor::migrations;
use sea_orm::ConnectionTrait as _;
use storage::migrate::MigrationReport;
use testkit::{Store, TestDatabase, on_both_stores, unguarded_tables};

use crate::world::{World, lease};

on_both_stores! {
    async fn the_tables_are_made_once(database: TestDatabase) {
        let database = database.owned(migrations()).await;
        let again = database.migrate(migrations(), &runtime::Clock::system()).await.unwrap();
        assert_eq!(again, MigrationReport::default(), "nothing is left to do");
    }

    async fn tables_refuse_what_no_device_can_be(database: TestDatabase) {
        let world = World::start(&database).await;
        let leases = [("00:1b:21:0a:bc:de", "10.0.0.5"), ("00:1b:21:0a:bc:df", "10.0.0.6")];
        world.post(&leases.map(|(mac, ip)| lease("2026-09-24T09:40:00.000000+0000", mac, ip, "LKR-LT-11")).concat()).await;
        for impossible in [
            "UPDATE device_address SET claimed_first_at = NULL",
            "UPDATE device SET device_key = '00:1b:21:0a:bc:de'",
        ] {
            let txn = world.database.begin().await.unwrap();
            assert!(txn.execute_unprepared(impossible).await.is_err(), "{impossible}");
        }
        let txn = world.database.begin().await.unwrap();
        txn.execute_unprepared("DELETE FROM device").await.unwrap();
        let left = txn.query_all_raw(sea_orm::Statement::from_string(world.database.backend(), "SELECT ip FROM device_address")).await.unwrap();
        assert!(left.is_empty(), "addresses go with their device");
    }
}

/// What the audit trail and the event log keep, and mails, are looked up by the service itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_is_guarded_or_named_here() {
    let Some(place) = TestDatabase::new(Store::Postgres).await else { return };
    let database = place.migrated(migrations()).await;
    let unguarded = ["audit_actor", "audit_head", "audit_log", "consumer_partition", "dead_letter", "inbox", "outbox", "schema_migration"];
    assert_eq!(unguarded_tables(&database).await, unguarded, "guard a new table in the migration (storage::reach)");
}
