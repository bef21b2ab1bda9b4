#![cfg(test)]
//! What both stores promise.

use runtime::Clock;
use schildwacht_storage::{
    Database, DatabaseConfig, StoreError,
    audit::AddAuditTrail,
    migrate::{MigrationName, MigrationTrait, SchemaManager, add_column, async_trait},
};
use sea_orm::{ConnectionTrait as _, DatabaseBackend, DbErr};
use testkit::TestDatabase;

struct AddShelf;

impl MigrationName for AddShelf {
    fn name(&self) -> &'static str {
        "m1_add_shelf"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddShelf {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("CREATE TABLE shelf (book VARCHAR PRIMARY KEY)").await.map(drop)
    }
}

mod shelf {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "shelf")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub book: String,
        pub floor: Option<i32>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    schildwacht_storage::classified! { Technical { Internal: Book, Floor; }}
}

struct AddFloor(&'static str);

impl MigrationName for AddFloor {
    fn name(&self) -> &str {
        self.0
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddFloor {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, shelf::Entity, shelf::Column::Floor).await
    }
}

struct Breaks;

impl MigrationName for Breaks {
    fn name(&self) -> &'static str {
        "m2_breaks"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Breaks {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("CREATE TABLE half (x INTEGER)").await?;
        Err(DbErr::Custom("on purpose".into()))
    }
}

struct TakesLong;

impl MigrationName for TakesLong {
    fn name(&self) -> &'static str {
        "m3_takes_long"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for TakesLong {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite has no time limit on statements.
        let sleep = if manager.get_database_backend() == DatabaseBackend::Postgres { "SELECT pg_sleep(4)" } else { "SELECT 1" };
        manager.get_connection().execute_unprepared(sleep).await.map(drop)
    }
}

async fn put_book(database: &Database, book: &str) -> Result<(), StoreError> {
    let txn = database.begin().await?;
    txn.execute_unprepared(&format!("INSERT INTO shelf (book) VALUES ('{book}')")).await?;
    txn.commit().await
}

async fn count(database: &Database, table: &str) -> i64 {
    let statement = sea_orm::Statement::from_string(database.backend(), format!("SELECT COUNT(*) AS n FROM {table}"));
    database.reader().query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

testkit::on_both_stores! {
    async fn a_transaction_that_is_not_committed_leaves_nothing(database: TestDatabase) {
        let database = database.migrated(vec![Box::new(AddShelf)]).await;
        let txn = database.begin().await.unwrap();
        txn.execute_unprepared("INSERT INTO shelf (book) VALUES ('lost')").await.unwrap();
        drop(txn);
        put_book(&database, "kept").await.unwrap();
        assert_eq!(count(&database, "shelf").await, 1);
    }

    async fn a_row_that_exists_is_told_apart_from_other_errors(database: TestDatabase) {
        let database = database.migrated(vec![Box::new(AddShelf)]).await;
        put_book(&database, "once").await.unwrap();
        let again = put_book(&database, "once").await.unwrap_err();
        assert!(matches!(again, StoreError::Duplicate(_)), "{again:?}");
    }

    async fn writers_at_once_wait_for_each_other(database: TestDatabase) {
        let database = database.migrated(vec![Box::new(AddShelf)]).await;
        let writers = (0..20).map(|number| {
            let database = database.clone();
            async move { put_book(&database, &format!("book {number}")).await }
        });
        for written in futures::future::join_all(writers).await {
            written.unwrap();
        }
        assert_eq!(count(&database, "shelf").await, 20);
    }

    async fn migrations_run_once_although_processes_start_together(database: TestDatabase) {
        let config = database.empty().await;
        let start = || async {
            let connection = Database::connect(&config).await.unwrap();
            connection.migrate(vec![Box::new(AddShelf)], &Clock::system()).await.unwrap()
        };
        // SQLite's folder belongs to one process, so there the second start comes after the first.
        let (first, second) = match database.store() {
            testkit::Store::Postgres => tokio::join!(start(), start()),
            testkit::Store::Sqlite => (start().await, start().await),
        };
        assert_eq!(first.applied.len() + second.applied.len(), 1, "{first:?} {second:?}");
    }

    async fn a_database_newer_than_the_binary_is_tolerated(database: TestDatabase) {
        let connection = database.owned(vec![Box::new(AddShelf), Box::new(AddAuditTrail)]).await;
        let report = connection.migrate(vec![Box::new(AddShelf)], &Clock::system()).await.unwrap();
        assert_eq!(report.unknown, ["m20260105_add_audit_trail"]);
        assert!(report.applied.is_empty());
    }

    async fn a_column_is_added_once_whether_the_table_was_made_with_it_or_before(database: TestDatabase) {
        let database = database.owned(vec![Box::new(AddShelf)]).await;
        for name in ["m4_add_floor", "m5_add_floor_again"] {
            database.migrate(vec![Box::new(AddFloor(name))], &Clock::system()).await.unwrap();
        }
        put_book(&database, "on no floor").await.unwrap();
        let txn = database.begin().await.unwrap();
        txn.execute_unprepared("UPDATE shelf SET floor = 3").await.unwrap();
    }

    async fn a_migration_that_fails_leaves_no_half_of_itself(database: TestDatabase) {
        let connection = Database::connect(&database.empty().await).await.unwrap();
        let failed = connection.migrate(vec![Box::new(AddShelf), Box::new(Breaks)], &Clock::system()).await;
        assert!(failed.unwrap_err().to_string().contains("database"), "the error is a store's");
        put_book(&connection, "the first migration stays").await.unwrap();
        let half = connection.reader().execute_unprepared("SELECT x FROM half").await;
        assert!(half.is_err(), "the failed migration's table should be gone");
    }

    async fn a_migration_may_take_longer_than_a_statement_of_a_request(database: TestDatabase) {
        // Long enough that nothing else comes near it, however busy the machine is.
        let config = DatabaseConfig { statement_timeout_ms: 3_000, ..database.empty().await };
        let connection = Database::connect(&config).await.unwrap();
        connection.migrate(vec![Box::new(TakesLong)], &Clock::system()).await.unwrap();
    }

    async fn trouble_that_may_pass_is_told_by_its_code_whatever_the_servers_language(database: TestDatabase) {
        let connection = database.migrated(vec![Box::new(AddShelf)]).await;
        let txn = connection.begin().await.unwrap();
        let trouble = match database.store() {
            testkit::Store::Postgres => "DO $$ BEGIN RAISE EXCEPTION 'vastgelopen' USING ERRCODE = 'deadlock_detected'; END $$",
            testkit::Store::Sqlite => "PRAGMA max_page_count = 1; INSERT INTO shelf (book) VALUES (zeroblob(1000000))",
        };
        let error = StoreError::from(txn.execute_unprepared(trouble).await.unwrap_err());
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }

    async fn a_fault_of_ours_is_no_trouble_that_passes(database: TestDatabase) {
        let connection = database.migrated(vec![Box::new(AddShelf)]).await;
        let txn = connection.begin().await.unwrap();
        let error = StoreError::from(txn.execute_unprepared("SELECT 'deadlock detected' FROM nowhere").await.unwrap_err());
        assert!(matches!(error, StoreError::Fault(_)), "{error:?}");
    }

    async fn a_commit_wakes_who_waits_for_it(database: TestDatabase) {
        let database = database.migrated(vec![Box::new(AddShelf)]).await;
        put_book(&database, "new").await.unwrap();
        tokio::time::timeout(testkit::PATIENCE, database.committed()).await.expect("the commit was signalled");
    }
}

#[tokio::test]
async fn what_was_committed_is_there_after_the_process_reopens_the_file() {
    let database = TestDatabase::new(testkit::Store::Sqlite).await.unwrap();
    let first = database.migrated(vec![Box::new(AddShelf)]).await;
    put_book(&first, "kept").await.unwrap();
    first.close().await.unwrap();
    let second = Database::connect(&database.config()).await.unwrap();
    assert_eq!(count(&second, "shelf").await, 1);
}
