#![cfg(test)]
//! A PostgreSQL that goes away and comes back, and statements that take too long.

use std::time::{Duration, Instant};

use schildwacht_storage::{Database, DatabaseConfig, StoreError};
use sea_orm::{ConnectionTrait as _, Statement};
use testkit::{PATIENCE, TestDatabase, servers::postgres};

async fn count(database: &Database) -> Result<i64, StoreError> {
    let statement = Statement::from_string(database.backend(), "SELECT COUNT(*) AS n FROM kept");
    let row = database.reader().query_one_raw(statement).await?.unwrap();
    Ok(row.try_get("", "n").unwrap())
}

async fn keep_one(database: &Database) -> Result<(), StoreError> {
    let txn = database.begin().await?;
    txn.execute_unprepared("INSERT INTO kept VALUES (1)").await?;
    txn.commit().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_and_comes_back_is_used_again() {
    if !testkit::has_servers() {
        return;
    }
    let mut server = postgres::SERVER.start_own().unwrap();
    let place = TestDatabase::on_server(server.address().to_owned());
    let config = DatabaseConfig { acquire_timeout_ms: 2_000, ..place.empty().await };
    let database = Database::connect(&config).await.unwrap();
    let txn = database.begin().await.unwrap();
    txn.execute_unprepared("CREATE TABLE kept (n INTEGER NOT NULL)").await.unwrap();
    txn.commit().await.unwrap();
    keep_one(&database).await.unwrap();

    for end in [postgres_stops as fn(&mut testkit::servers::Running), postgres_is_killed] {
        end(&mut server);
        let refused = keep_one(&database).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
        assert!(database.check().await.is_err(), "readiness tells");
        server.start_again().unwrap();
        let back = Instant::now();
        while let Err(error) = keep_one(&database).await {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
            assert!(back.elapsed() < PATIENCE, "{error:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        database.check().await.unwrap();
    }
    assert_eq!(count(&database).await.unwrap(), 3, "what was committed, and nothing twice");
}

fn postgres_stops(server: &mut testkit::servers::Running) {
    server.stop();
}

fn postgres_is_killed(server: &mut testkit::servers::Running) {
    server.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_too_long_is_ended_and_its_connection_serves_on() {
    let Some(place) = TestDatabase::new(testkit::Store::Postgres).await else { return };
    let config = DatabaseConfig { statement_timeout_ms: 200, max_connections: 2, ..place.empty().await };
    let database = Database::connect(&config).await.unwrap();
    let began = Instant::now();
    for _ in 0..6 {
        let slow = Statement::from_string(database.backend(), "SELECT pg_sleep(20)");
        let ended = StoreError::from(database.reader().query_one_raw(slow).await.unwrap_err());
        assert!(matches!(ended, StoreError::Unavailable(_)), "{ended:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "each was ended long before its time");
    database.check().await.unwrap();
}
