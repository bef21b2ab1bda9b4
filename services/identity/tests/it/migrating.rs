//! The migration makes the tables, once, and the tables refuse what no gateway can be.

use schildwacht_identity::migrations;
use sea_orm::ConnectionTrait as _;
use storage::migrate::MigrationReport;
use testkit::on_both_stores;

use crate::world::{World, operator};

on_both_stores! {
    async fn the_tables_are_made_once(database: TestDatabase) {
        let database = database.migrated(migrations()).await;
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
