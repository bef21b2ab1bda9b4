#![cfg(test)]
//! PostgreSQL: what a transaction sees and writes of guarded tables is within its reach.

use schildwacht_storage::{
    Database, DatabaseConfig, Reach, StoreResult,
    migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait, table},
    reach,
};
use sea_orm::{ConnectionTrait, DbErr, Statement};
use testkit::{Store, TestDatabase};
use uuid::Uuid;

const OWN: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

mod shelf {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "shelf")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub shelf_id: i32,
        /// Null: of every school.
        pub school_id: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    schildwacht_storage::classified! { Technical { Internal: ShelfId, SchoolId; }}
}

mod book {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "book")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub book_id: i32,
        pub shelf_id: i32,
        /// `school:<id>`.
        pub lent_to: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    schildwacht_storage::classified! { Technical { Internal: BookId, ShelfId, LentTo; }}
}

struct AddShelves;

impl MigrationName for AddShelves {
    fn name(&self) -> &'static str {
        "m1_shelves"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddShelves {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table(manager, shelf::Entity)).await?;
        manager.create_table(table(manager, book::Entity)).await?;
        reach::guard(manager, shelf::Entity, &reach::reaches("school_id")).await?;
        reach::show(manager, shelf::Entity, "school_id IS NULL").await?;
        let on_shelf = reach::with(book::Entity, shelf::Entity, shelf::Column::ShelfId);
        let lent = reach::reaches_text("split_part(lent_to, ':', 2)");
        reach::guard(manager, book::Entity, &format!("{on_shelf} OR {lent}")).await
    }
}

/// Shelf 1 is of the own school, 2 of another, 3 of all; each has a book with its number, and 4 is a book of shelf 2 that the own school has.
async fn library(place: &TestDatabase) -> Database {
    let database = place.migrated(vec![Box::new(AddShelves)]).await;
    let txn = database.begin().await.unwrap();
    let shelves = format!("INSERT INTO shelf VALUES (1, '{OWN}'), (2, '{OTHER}'), (3, NULL)");
    let books = format!("INSERT INTO book VALUES (1, 1, ''), (2, 2, 'platform'), (3, 3, 'school:{OTHER}'), (4, 2, 'school:{OWN}')");
    for rows in [shelves, books] {
        txn.execute_unprepared(&rows).await.unwrap();
    }
    txn.commit().await.unwrap();
    database
}

async fn numbers(connection: &impl ConnectionTrait, table: &str) -> Vec<i32> {
    let question =
        Statement::from_string(connection.get_database_backend(), format!("SELECT {table}_id AS number FROM {table} ORDER BY 1"));
    let rows = connection.query_all_raw(question).await.unwrap();
    rows.iter().map(|row| row.try_get("", "number").unwrap()).collect()
}

async fn seen_within(database: &Database, reach: Reach) -> [Vec<i32>; 2] {
    let reader = database.reader_within(reach).await.unwrap();
    [numbers(&reader, "shelf").await, numbers(&reader, "book").await]
}

fn nothing() -> Reach {
    Reach::Only([].into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_sees_the_rows_within_its_reach() {
    let Some(place) = TestDatabase::new(Store::Postgres).await else { return };
    let database = library(&place).await;
    for (reach, shelves, books) in [
        (Reach::one(OWN), vec![1, 3], vec![1, 3, 4]),
        (Reach::one(OTHER), vec![2, 3], vec![2, 3, 4]),
        (Reach::one(OWN).or(Reach::one(OTHER)), vec![1, 2, 3], vec![1, 2, 3, 4]),
        (Reach::one(Uuid::from_u128(3)), vec![3], vec![3]),
        (nothing(), vec![3], vec![3]),
        (Reach::Everything, vec![1, 2, 3], vec![1, 2, 3, 4]),
    ] {
        assert_eq!(seen_within(&database, reach.clone()).await, [shelves, books], "{reach:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_reach_nothing_is_seen_also_on_a_connection_that_had_one() {
    let Some(place) = TestDatabase::new(Store::Postgres).await else { return };
    library(&place).await.close().await.unwrap();
    let database = as_served(&place, 1).await;
    for _ in 0..2 {
        assert_eq!(numbers(database.reader(), "shelf").await, [3]);
        assert_eq!(seen_within(&database, Reach::Everything).await[0], [1, 2, 3]);
        let txn = database.begin().await.unwrap();
        assert_eq!(numbers(&*txn, "shelf").await, [1, 2, 3]);
        txn.commit().await.unwrap();
    }
}

/// With so many connections, of which a read and a write each take one.
async fn as_served(place: &TestDatabase, max_connections: u32) -> Database {
    Database::connect(&DatabaseConfig { max_connections, ..place.served() }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_reached_is_not_written() {
    let Some(place) = TestDatabase::new(Store::Postgres).await else { return };
    let database = library(&place).await;
    for (statement, rows) in [
        ("UPDATE shelf SET shelf_id = shelf_id + 10", Some(1)),
        ("DELETE FROM shelf", Some(1)),
        ("DELETE FROM book WHERE book_id <> 3", Some(2)),
        (&format!("INSERT INTO shelf VALUES (5, '{OWN}')"), Some(1)),
        (&format!("INSERT INTO shelf VALUES (5, '{OTHER}')"), None),
        (&format!("UPDATE shelf SET school_id = '{OTHER}'"), None),
        ("INSERT INTO shelf VALUES (5, NULL)", None),
        ("INSERT INTO book VALUES (5, 1, '')", Some(1)),
        ("INSERT INTO book VALUES (5, 2, '')", None),
        ("INSERT INTO shelf VALUES (2, NULL) ON CONFLICT (shelf_id) DO UPDATE SET school_id = NULL", None),
    ] {
        let txn = database.begin_within(Reach::one(OWN)).await.unwrap();
        let written = txn.execute_unprepared(statement).await;
        match rows {
            Some(rows) => assert_eq!(written.unwrap().rows_affected(), rows, "{statement}"),
            None => assert!(written.unwrap_err().to_string().contains("row-level security"), "{statement}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_may_reach_further_from_some_point_on() {
    let Some(place) = TestDatabase::new(Store::Postgres).await else { return };
    let database = library(&place).await;
    let txn = database.begin_within(nothing()).await.unwrap();
    assert_eq!(numbers(&*txn, "shelf").await, [3]);
    txn.set_reach(Reach::Everything).await.unwrap();
    assert_eq!(numbers(&*txn, "shelf").await, [1, 2, 3]);
    txn.set_reach(Reach::one(OWN)).await.unwrap();
    assert_eq!(numbers(&*txn, "shelf").await, [1, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_writes_nothing() {
    let Some(place) = TestDatabase::new(Store::Postgres).await else { return };
    let database = library(&place).await;
    let reader = database.reader_within(Reach::Everything).await.unwrap();
    let refused = reader.execute_unprepared("DELETE FROM shelf").await.unwrap_err().to_string();
    assert!(refused.contains("read-only"), "{refused}");
}

/// Why production gives `database.migration_url`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_policy_holds_for_the_owner_of_the_tables() {
    let Some(place) = TestDatabase::new(Store::Postgres).await else { return };
    library(&place).await;
    let owner = place.owned(vec![Box::new(AddShelves)]).await;
    assert_eq!(numbers(owner.reader(), "shelf").await, [1, 2, 3]);
    assert_eq!(seen_within(&owner, nothing()).await[0], [1, 2, 3]);
}

testkit::on_both_stores! {
    async fn what_reaches_everything_writes_and_reads_everything(place: TestDatabase) {
        let database = library(&place).await;
        assert_eq!(seen_within(&database, Reach::Everything).await, [vec![1, 2, 3], vec![1, 2, 3, 4]]);
    }

    async fn a_read_that_is_over_leaves_its_connection_to_the_next(place: TestDatabase) {
        library(&place).await.close().await.unwrap();
        let database = as_served(&place, 2).await;
        let turns = (0..20).map(async |turn| -> StoreResult<()> {
            let reader = database.reader_within(Reach::one(OWN)).await?;
            assert!(numbers(&reader, "shelf").await.starts_with(&[1]), "turn {turn}");
            drop(reader);
            database.begin_within(Reach::one(OWN)).await?.commit().await
        });
        for ended in futures::future::join_all(turns).await {
            ended.unwrap();
        }
    }
}
