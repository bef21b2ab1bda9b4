//! A database of its own for each test.

use sea_orm::ConnectionTrait as _;
use storage::{Database, DatabaseConfig, migrate::MigrationTrait};
use tempfile::TempDir;
use uuid::Uuid;

/// Where `cargo xtask test` says its throw-away PostgreSQL is: the URL of a database whose user may create others.
pub const POSTGRES_URL: &str = "SCHILDWACHT_TEST_POSTGRES";

/// Which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// The embedded column.
    Sqlite,
    /// The production column.
    Postgres,
}

/// An empty database that lives as long as its test.
#[derive(Debug)]
pub struct TestDatabase {
    config: DatabaseConfig,
    store: Store,
    // Removed, with the SQLite file, when the test ends. PostgreSQL's databases go with the throw-away server.
    _folder: TempDir,
}

impl TestDatabase {
    /// An empty database; `None`, with a printed reason, where PostgreSQL is not given.
    pub async fn new(store: Store) -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        let config = match store {
            Store::Sqlite => DatabaseConfig::sqlite(&folder.path().join("test.db")),
            Store::Postgres => {
                let Ok(server) = std::env::var(POSTGRES_URL) else {
                    eprintln!("skipped: {POSTGRES_URL} is not set; `cargo xtask test` starts a PostgreSQL and sets it");
                    return None;
                };
                postgres_database(&server).await
            }
        };
        Some(Self { config, store, _folder: folder })
    }

    /// Which store it is.
    pub fn store(&self) -> Store {
        self.store
    }

    /// For a service's configuration.
    pub fn config(&self) -> DatabaseConfig {
        self.config.clone()
    }

    /// Connected and migrated.
    pub async fn migrated(&self, migrations: Vec<Box<dyn MigrationTrait>>) -> Database {
        let database = Database::connect(&self.config).await.expect("a connection to the test's database");
        database.migrate(migrations, &runtime::Clock::system()).await.expect("migrations");
        database
    }
}

async fn postgres_database(server: &str) -> DatabaseConfig {
    let name = format!("test_{}", Uuid::from(runtime::Ids::random(runtime::Clock::system()).next::<runtime::EventId>()).simple());
    let admin = sea_orm::Database::connect(server).await.expect("a connection to the PostgreSQL of the tests");
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database for the test");
    admin.close().await.expect("closing the connection");
    let (before_name, _) = server.rsplit_once('/').expect("a PostgreSQL URL that ends in a database name");
    let url = runtime::config::Secret::new(format!("{before_name}/{name}"));
    DatabaseConfig { url, max_connections: 4, acquire_timeout_ms: 20_000, statement_timeout_ms: 30_000 }
}
