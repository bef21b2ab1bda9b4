//! A database of its own for each test.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        LazyLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use runtime::{Clock, EventId, Ids, config::Secret};
use sea_orm::{ConnectionTrait as _, DatabaseBackend, Statement};
use storage::{Database, DatabaseConfig, migrate::MigrationTrait};
use tempfile::TempDir;
use tokio::sync::Mutex;
use url::Url;
use uuid::Uuid;

/// Environment variable set by `cargo xtask test`: URL of its throw-away PostgreSQL, with a user that may create databases.
const POSTGRES_URL: &str = servers::postgres::SERVER.variable;

/// The role of PostgreSQL that services under test act as: it owns no table, so that row-level security holds for it. All databases of a
/// server share it, also those of test programs that run at the same time.
const SERVES: &str = "schildwacht_serves_in_tests";

/// The database under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// Embedded mode.
    Sqlite,
    /// Production mode.
    Postgres,
}

/// A database that lives as long as its test.
#[derive(Debug)]
pub struct TestDatabase {
    config: DatabaseConfig,
    place: Place,
}

#[derive(Debug)]
enum Place {
    // Removed, with the SQLite file, when the test ends.
    Folder(#[expect(dead_code, reason = "held, not read")] TempDir),
    // Dropped when the test ends: hundreds of databases would fill the disk.
    Server { url: String, name: String, is_made: AtomicBool, roles: std::sync::Mutex<Vec<String>> },
}

impl TestDatabase {
    /// A name for a database; `None`, with a printed reason, where PostgreSQL is not given.
    #[expect(clippy::unused_async, reason = "tests of both stores read alike")]
    pub async fn new(store: Store) -> Option<Self> {
        match store {
            Store::Sqlite => {
                let folder = TempDir::new().expect("a temporary folder");
                let config = DatabaseConfig::sqlite(&folder.path().join("test.db"));
                Some(Self { config, place: Place::Folder(folder) })
            }
            Store::Postgres => {
                let Ok(server) = std::env::var(POSTGRES_URL) else {
                    crate::skipping::skip(&format!("{POSTGRES_URL} is not set; `cargo xtask test` starts a PostgreSQL and sets it"));
                    return None;
                };
                Some(Self::on_server(server))
            }
        }
    }

    /// On a PostgreSQL of the test's own.
    pub fn on_server(url: String) -> Self {
        let name = new_name("test");
        Self { config: config(&url, &name), place: Place::Server { url, name, is_made: AtomicBool::new(false), roles: Default::default() } }
    }

    /// SQLite or PostgreSQL.
    pub fn store(&self) -> Store {
        match self.place {
            Place::Folder(_) => Store::Sqlite,
            Place::Server { .. } => Store::Postgres,
        }
    }

    /// As the owner of the tables; it is there after [`TestDatabase::empty`] or [`TestDatabase::migrated`].
    pub fn config(&self) -> DatabaseConfig {
        self.config.clone()
    }

    /// The same for a service: on PostgreSQL, as the role of [`TestDatabase::migrated`].
    pub fn served(&self) -> DatabaseConfig {
        match self.place {
            Place::Folder(_) => self.config(),
            Place::Server { .. } => serving(&self.config),
        }
    }

    /// Has a role of PostgreSQL dropped with the database.
    pub fn drop_with_it(&self, role: &str) {
        if let Place::Server { roles, .. } = &self.place {
            roles.lock().unwrap_or_else(PoisonError::into_inner).push(role.to_owned());
        }
    }

    /// Creates it, without a table.
    pub async fn empty(&self) -> DatabaseConfig {
        if let Place::Server { url, name, is_made, .. } = &self.place
            && !is_made.swap(true, Ordering::Relaxed)
        {
            on_server(url, &format!("CREATE DATABASE {name}")).await;
        }
        self.config()
    }

    /// Creates and migrates it, and connects as a service does: on PostgreSQL, as another role than the owner of the tables.
    pub async fn migrated(&self, migrations: Vec<Box<dyn MigrationTrait>>) -> Database {
        self.make(migrations).await;
        connect(&self.served()).await
    }

    /// The same, connected as the owner of the tables: it may change them, and is above their policies.
    pub async fn owned(&self, migrations: Vec<Box<dyn MigrationTrait>>) -> Database {
        self.make(migrations).await;
        connect(&self.config).await
    }

    /// On PostgreSQL it is a copy of a template that is migrated once per test program.
    async fn make(&self, migrations: Vec<Box<dyn MigrationTrait>>) {
        match &self.place {
            Place::Server { url, name, is_made, .. } if !is_made.swap(true, Ordering::Relaxed) => {
                let template = template(url, migrations).await;
                on_server(url, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
            }
            Place::Server { .. } => migrate(&self.config, Some(SERVES), migrations).await,
            Place::Folder(_) => migrate(&self.config, None, migrations).await,
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Place::Server { url, name, is_made, roles } = &mut self.place else { return };
        if !is_made.load(Ordering::Relaxed) {
            return;
        }
        let roles = std::mem::take(roles.get_mut().unwrap_or_else(PoisonError::into_inner));
        let roles = roles.into_iter().map(|role| format!("DROP ROLE IF EXISTS \"{}\"", role.replace('"', "\"\"")));
        // What roles own and may do is in the database.
        let statements: Vec<String> = [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")].into_iter().chain(roles).collect();
        let url = url.clone();
        // On a thread of its own, because the test's event loop may be ending. A stopped server needs no cleaning.
        let dropping = std::thread::spawn(move || {
            let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            event_loop.block_on(async {
                let server = sea_orm::Database::connect(&url).await?;
                for statement in statements {
                    server.execute_unprepared(&statement).await?;
                }
                server.close().await
            })?;
            Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
        });
        if let Ok(Err(error)) = dropping.join() {
            eprintln!("the test's database was not dropped: {error}");
        }
    }
}

/// Creates the template of these migrations, once per server and set of migrations; returns its name.
async fn template(server: &str, migrations: Vec<Box<dyn MigrationTrait>>) -> String {
    static TEMPLATES: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);
    let key = migrations.iter().fold(server.to_owned(), |key, migration| format!("{key} {}", migration.name()));
    // Held while the template is created, so that others wait for it.
    let mut templates = TEMPLATES.lock().await;
    if let Some(name) = templates.get(&key) {
        return name.clone();
    }
    let name = new_name("template");
    // Another test program may make it at the same moment.
    let role = format!(
        "DO $$ BEGIN CREATE ROLE {SERVES} LOGIN PASSWORD '{SERVES}'; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    );
    on_server(server, &role).await;
    on_server(server, &format!("CREATE DATABASE {name}")).await;
    migrate(&config(server, &name), Some(SERVES), migrations).await;
    templates.insert(key, name.clone());
    name
}

/// Leaves no connection, since PostgreSQL copies a template only while nobody is connected to it.
async fn migrate(config: &DatabaseConfig, role: Option<&str>, migrations: Vec<Box<dyn MigrationTrait>>) {
    let database = connect(config).await;
    database.migrate_for(role, migrations, &Clock::system()).await.expect("migrations");
    database.close().await.expect("closing the migrated database");
}

async fn connect(config: &DatabaseConfig) -> Database {
    Database::connect(config).await.expect("a connection to the test's database")
}

async fn on_server(server: &str, statement: &str) {
    let admin = sea_orm::Database::connect(server).await.expect("a connection to the PostgreSQL of the tests");
    admin.execute_unprepared(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    admin.close().await.expect("closing the connection");
}

fn new_name(kind: &str) -> String {
    format!("{kind}_{}", Uuid::from(Ids::random(Clock::system()).next::<EventId>()).simple())
}

/// The same database by the role that serves.
fn serving(owner: &DatabaseConfig) -> DatabaseConfig {
    let mut url: Url = owner.url.expose().parse().expect("a PostgreSQL URL");
    url.set_username(SERVES).expect("a URL that may name a user");
    url.set_password(Some(SERVES)).expect("a URL that may hold a password");
    DatabaseConfig { url: Secret::new(url.to_string()), ..owner.clone() }
}

/// The same server with another database.
fn config(server: &str, name: &str) -> DatabaseConfig {
    let (before_name, _) = server.rsplit_once('/').expect("a PostgreSQL URL that ends in a database name");
    let url = Secret::new(format!("{before_name}/{name}"));
    DatabaseConfig { url, migration_url: Secret::new(""), max_connections: 4, acquire_timeout_ms: 20_000, statement_timeout_ms: 30_000 }
}

/// Tables of PostgreSQL that row-level security does not guard, by name.
pub async fn unguarded_tables(database: &Database) -> Vec<String> {
    let question = "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
                    AND NOT relrowsecurity ORDER BY relname COLLATE \"C\"";
    let rows = database.reader().query_all_raw(Statement::from_string(DatabaseBackend::Postgres, question)).await.expect("the catalogue");
    rows.iter().map(|row| row.try_get("", "relname").expect("a name")).collect()
}

/// The columns of all tables, as the database has them.
pub async fn columns(database: &Database) -> BTreeMap<String, BTreeSet<String>> {
    let question = match database.backend() {
        DatabaseBackend::Postgres => {
            "SELECT table_name::text AS of_table, column_name::text AS of_column FROM information_schema.columns WHERE table_schema = current_schema()"
        }
        _ => {
            "SELECT made.name AS of_table, has.name AS of_column FROM sqlite_master AS made, pragma_table_info(made.name) AS has
             WHERE made.type = 'table' AND made.name NOT LIKE 'sqlite_%'"
        }
    };
    let rows = database.reader().query_all_raw(Statement::from_string(database.backend(), question)).await.expect("the catalogue");
    let mut columns: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let name = |of: &str| row.try_get::<String>("", of).expect("a name");
        columns.entry(name("of_table")).or_default().insert(name("of_column"));
    }
    columns
}
