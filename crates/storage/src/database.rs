//! Connections and write transactions.
//!
//! SQLite has one writer: a pool of one connection writes, a small pool reads (WAL), and write transactions begin with the lock
//! (`BEGIN IMMEDIATE`), so that none fails half-way because another came first. `synchronous = FULL`: a commit is on the disk
//! before it is answered, as with PostgreSQL.

use std::{io, ops::Deref, path::Path, sync::Arc, time::Duration};

use runtime::{
    config::{ConfigError, Secret},
    tls,
};
use sea_orm::{
    ConnectOptions, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr, SqlErr, SqliteTransactionMode, SqlxError,
    SqlxSqliteError, TransactionOptions, TransactionTrait as _,
};
use serde::Deserialize;
use tokio::sync::Notify;

const SQLITE_READERS: u32 = 4;
const SQLITE_BUSY_TIMEOUT_MS: u32 = 10_000;

/// `[<service>.database]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `postgres://user:password@host/name?sslmode=verify-full&sslrootcert=/path/to/ca.pem`, `sqlite:///path/to/file.db`, or empty for a
    /// SQLite file in the data folder.
    pub url: Secret,
    /// The same database as the role that owns the tables (PostgreSQL); empty: `url` owns them.
    pub migration_url: Secret,
    /// Connections of this process (PostgreSQL), beside the one that is kept for the relay.
    pub max_connections: u32,
    /// How long a request waits for a connection, in milliseconds.
    pub acquire_timeout_ms: u64,
    /// How long one statement of a request may take, in milliseconds (PostgreSQL). Migrations take as long as they need.
    pub statement_timeout_ms: u64,
}

impl DatabaseConfig {
    /// A SQLite file with default limits.
    pub fn sqlite(file: &Path) -> Self {
        Self {
            url: Secret::new(format!("sqlite://{}", file.display())),
            migration_url: Secret::new(""),
            max_connections: SQLITE_READERS,
            acquire_timeout_ms: 10_000,
            statement_timeout_ms: 30_000,
        }
    }

    /// The same, with the SQLite file of this service in the data folder where no URL is given.
    #[must_use]
    pub fn or_embedded(&self, data_dir: &Path, service: &str) -> Self {
        let mut config = self.clone();
        if config.url.expose().is_empty() {
            config.url = Secret::new(format!("sqlite://{}", data_dir.join(format!("{service}.db")).display()));
        }
        config
    }

    /// The same database as the role that owns the tables, where that is another.
    pub fn of_owner(&self) -> Option<Self> {
        let url = Some(&self.migration_url).filter(|url| !url.expose().is_empty())?.clone();
        Some(Self { url, ..self.clone() })
    }

    /// Refuses a SQLite file that is not there, for commands that only look.
    ///
    /// # Errors
    /// Names the file.
    pub fn require_existing(&self) -> std::io::Result<()> {
        match self.url.expose().strip_prefix("sqlite://") {
            Some(file) => std::fs::metadata(file).map(drop).map_err(|error| std::io::Error::new(error.kind(), format!("{file}: {error}"))),
            None => Ok(()),
        }
    }

    /// Refuses what cannot work; `key` is the path of this section.
    ///
    /// # Errors
    /// When the URL is of no known kind or a limit is zero.
    pub fn validate(&self, key: &str) -> Result<(), ConfigError> {
        let url = self.url.expose();
        let known = url.is_empty() || ["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        if !known {
            return Err(ConfigError::at(&format!("{key}.url"), "give postgres://…, sqlite://… or leave it empty for the data folder"));
        }
        let is_postgres = |url: &str| ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        let owner = Some(self.migration_url.expose()).filter(|owner| !owner.is_empty());
        if owner.is_some_and(|owner| !is_postgres(owner) || !is_postgres(url)) {
            let advice = "give postgres://…, the same database as in url with the user that owns the tables, or leave it empty";
            return Err(ConfigError::at(&format!("{key}.migration_url"), advice));
        }
        if self.max_connections < 2 {
            return Err(ConfigError::at(&format!("{key}.max_connections"), "give 2 or more: migrations hold one while they use another"));
        }
        Ok(())
    }
}

impl DatabaseConfig {
    /// Why this database cannot be used, in one line for the operator who wrote the configuration: the key, the server and what it says, and
    /// never the password. `key` is the path of the URL.
    pub fn complaint(&self, key: &str, error: &StoreError) -> String {
        let url = self.url.expose();
        let (kind, rest) = url.split_once("://").unwrap_or(("", url));
        let server = rest.rsplit_once('@').map_or(rest, |(_credentials, server)| server).split('?').next().unwrap_or_default();
        let server = if kind == "sqlite" { format!("the file {server}") } else { format!("PostgreSQL at {server}") };
        format!("{key}: {server} {}", error.complaint(self.acquire_timeout_ms))
    }
}

/// What went wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with this key is there already.
    #[error("a row with this key exists")]
    Duplicate(#[source] DbErr),
    /// The database cannot be reached, is too slow or full, or another transaction was in the way. Trying again may help.
    #[error("database is unavailable")]
    Unavailable(#[source] DbErr),
    /// What is stored cannot be understood: written by another version, or by hand.
    #[error("stored {what} is not readable: {problem}")]
    Unreadable {
        /// Table and column.
        what: &'static str,
        problem: String,
    },
    /// A page token of another list, or of the same list in another order.
    #[error("page token belongs to another list")]
    ForeignPageToken,
    /// A fault in our statements.
    #[error("database error")]
    Fault(#[source] DbErr),
}

/// Answers of stores.
pub type StoreResult<T> = Result<T, StoreError>;

impl StoreError {
    /// What is stored cannot be understood.
    pub fn unreadable(what: &'static str, problem: impl ToString) -> Self {
        Self::Unreadable { what, problem: problem.to_string() }
    }

    /// As the server says it, without our layers around it, each of which would repeat it.
    fn complaint(&self, timeout_ms: u64) -> String {
        let (Self::Duplicate(error) | Self::Unavailable(error) | Self::Fault(error)) = self else {
            return format!("holds what we cannot read: {self}");
        };
        let no_connection = || format!("gives no connection within {timeout_ms} ms: nobody listens there, or all connections are taken");
        match error {
            DbErr::ConnectionAcquire(_) => no_connection(),
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => match error.as_ref() {
                SqlxError::Database(said) => {
                    let advice = said.code().and_then(|code| postgres_advice(&code)).unwrap_or("refuses what is asked");
                    format!("{advice}: {}", said.message())
                }
                SqlxError::PoolTimedOut => no_connection(),
                SqlxError::Io(error) => {
                    tls::complaint(error, "sslrootcert, a parameter of the URL").unwrap_or_else(|| match error.kind() {
                        io::ErrorKind::NotFound => format!("cannot be trusted: the file that sslrootcert names is not there: {error}"),
                        _ => format!("does not answer: {error}"),
                    })
                }
                SqlxError::Tls(error) => format!("cannot be spoken to over TLS, which sslmode asks for: {error}"),
                other => format!("cannot be used: {other}"),
            },
            other => format!("cannot be used: {other}"),
        }
    }
}

/// What to look at, by SQLSTATE.
fn postgres_advice(code: &str) -> Option<&'static str> {
    match code {
        "28P01" | "28000" => Some("refuses the user or the password given there"),
        "3D000" => Some("has no such database, make it first"),
        "42501" => Some("does not let this user make tables"),
        _ => None,
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Self::Duplicate(error);
        }
        if may_pass(&error) { Self::Unavailable(error) } else { Self::Fault(error) }
    }
}

/// Whether the same statement may succeed later: the database is unavailable, busy or full, or another transaction won.
fn may_pass(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => match error.as_ref() {
            SqlxError::Database(error) => {
                // By code, because the text is in the server's language.
                let code = error.code().unwrap_or_default();
                if error.try_downcast_ref::<SqlxSqliteError>().is_some() { sqlite_may_pass(&code) } else { postgres_may_pass(&code) }
            }
            SqlxError::Io(_) | SqlxError::Tls(_) | SqlxError::PoolTimedOut | SqlxError::PoolClosed | SqlxError::WorkerCrashed => true,
            _ => false,
        },
        _ => false,
    }
}

/// SQLSTATE (PostgreSQL, appendix A).
fn postgres_may_pass(code: &str) -> bool {
    // Connection, rollback because of others, resources, object in use, operator intervention, system.
    const CLASSES: [&str; 6] = ["08", "40", "53", "55", "57", "58"];
    /// What a standby answers while it is being promoted.
    const READ_ONLY: &str = "25006";
    code == READ_ONLY || CLASSES.iter().any(|class| code.starts_with(class))
}

/// SQLite's result code, whose lower eight bits are the primary one.
fn sqlite_may_pass(code: &str) -> bool {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const IO_ERROR: u32 = 10;
    const FULL: u32 = 13;
    const CANNOT_OPEN: u32 = 14;
    code.parse::<u32>().is_ok_and(|code| [BUSY, LOCKED, IO_ERROR, FULL, CANNOT_OPEN].contains(&(code & 0xff)))
}

impl From<StoreError> for runtime::Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate(_) => {
                Self::new(runtime::ErrorKind::AlreadyExists, "already_exists", "this exists already; use what is there").with_source(error)
            }
            StoreError::ForeignPageToken => {
                Self::invalid_field("page_token", "start again from the first page: this token belongs to another list")
            }
            StoreError::Unavailable(_) => Self::unavailable("database_unavailable", error),
            StoreError::Unreadable { .. } | StoreError::Fault(_) => Self::internal(error),
        }
    }
}

/// A service's database.
#[derive(Debug, Clone)]
pub struct Database {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    /// Of the relay; on SQLite the one writer.
    kept: DatabaseConnection,
    committed: Arc<Notify>,
}

impl Database {
    /// Connects. A SQLite file is made when absent; its folder must exist.
    ///
    /// # Errors
    /// When the database cannot be reached or the file not be made.
    pub async fn connect(config: &DatabaseConfig) -> StoreResult<Self> {
        let is_sqlite = config.url.expose().starts_with("sqlite:");
        let (reader, writer, kept) = if is_sqlite {
            let url = format!("{}?mode=rwc", config.url.expose());
            let writer = connect(sqlite_options(url.clone(), 1, config)).await?;
            (connect(sqlite_options(url, SQLITE_READERS, config)).await?, writer.clone(), writer)
        } else {
            let connection = connect(postgres_options(config)).await?;
            let mut one = postgres_options(config);
            // Only a process that publishes opens it.
            one.max_connections(1).min_connections(0).connect_lazy(true);
            (connection.clone(), connection, connect(one).await?)
        };
        Ok(Self { reader, writer, kept, committed: Arc::default() })
    }

    /// For reads outside a transaction. Guarded tables are empty to it: [`Database::reader_within`] reads those.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Begins a write transaction to which guarded tables are empty.
    pub(crate) async fn begin_unguarded(&self) -> StoreResult<Txn> {
        self.begin_on(&self.writer).await
    }

    /// Begins a write transaction of the relay, on a connection that requests and consumers cannot take (PostgreSQL): under load events are
    /// published all the same. Guarded tables are empty to it.
    ///
    /// # Errors
    /// When the connection is not to be had in time.
    pub async fn begin_kept(&self) -> StoreResult<Txn> {
        self.begin_on(&self.kept).await
    }

    async fn begin_on(&self, connection: &DatabaseConnection) -> StoreResult<Txn> {
        let options =
            TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..TransactionOptions::default() };
        let inner = connection.begin_with_options(options).await?;
        Ok(Txn { inner, committed: Arc::clone(&self.committed) })
    }

    /// Returns after the next commit of this process, or at once when one happened since the last call.
    pub async fn committed(&self) {
        self.committed.notified().await;
    }

    /// Which SQL it speaks.
    pub fn backend(&self) -> DatabaseBackend {
        self.writer.get_database_backend()
    }

    /// Asks the database something; for readiness.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn check(&self) -> StoreResult<()> {
        self.reader.ping().await.map_err(StoreError::from)
    }

    /// Closes all connections.
    ///
    /// # Errors
    /// When closing fails; everything committed is safe all the same.
    pub async fn close(self) -> StoreResult<()> {
        self.reader.close().await?;
        self.writer.close().await?;
        self.kept.close().await?;
        Ok(())
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }
}

/// A write transaction: rolled back unless committed.
#[derive(Debug)]
pub struct Txn {
    inner: DatabaseTransaction,
    committed: Arc<Notify>,
}

impl Txn {
    /// Makes everything done in it durable, and wakes the tasks that wait for commits (the outbox relay).
    ///
    /// # Errors
    /// When the database refuses; nothing has happened then.
    pub async fn commit(self) -> StoreResult<()> {
        self.inner.commit().await?;
        self.committed.notify_one();
        Ok(())
    }

    /// Undoes everything done in it.
    ///
    /// # Errors
    /// When the connection is lost; the database then undoes it by itself.
    pub async fn roll_back(self) -> StoreResult<()> {
        self.inner.rollback().await.map_err(StoreError::from)
    }
}

impl Deref for Txn {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

async fn connect(options: ConnectOptions) -> StoreResult<DatabaseConnection> {
    sea_orm::Database::connect(options).await.map_err(StoreError::from)
}

fn base_options(url: &str, config: &DatabaseConfig) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.acquire_timeout(Duration::from_millis(config.acquire_timeout_ms)).sqlx_logging(false);
    options
}

fn sqlite_options(url: String, connections: u32, config: &DatabaseConfig) -> ConnectOptions {
    let mut options = base_options(&url, config);
    options.max_connections(connections).min_connections(1).test_before_acquire(false).map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .pragma("foreign_keys", "ON")
            .pragma("busy_timeout", SQLITE_BUSY_TIMEOUT_MS.to_string())
            .pragma("cache_size", "-2048")
            .pragma("temp_store", "MEMORY")
            .statement_cache_capacity(256)
    });
    options
}

fn postgres_options(config: &DatabaseConfig) -> ConnectOptions {
    let mut options = base_options(config.url.expose(), config);
    options
        .max_connections(config.max_connections)
        .min_connections(1)
        .idle_timeout(Duration::from_secs(10 * 60))
        .statement_timeout(Duration::from_millis(config.statement_timeout_ms));
    options
}
