//! The migration makes the tables, once, and the tables refuse what no case can be.

use schildwacht_incident_intake::migrations;
use sea_orm::ConnectionTrait as _;
use storage::migrate::MigrationReport;
use testkit::on_both_stores;

use crate::world::World;

on_both_stores! {
    async fn the_tables_are_made_once(database: TestDatabase) {
        let database = database.migrated(migrations()).await;
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
