//! PostgreSQL's row-level security: a second layer below the scope that every look-up carries.
//!
//! A guarded table ([`guard`]) shows a transaction only the rows within its [`Reach`], which it has for itself alone, so that a pooled
//! connection never keeps a caller's. Without a reach it shows none: what forgets to ask for one finds nothing, rather than everything.
//!
//! It stands where the role that serves is not the owner of the tables (`database.migration_url`), since an owner is above its policies. It
//! guards against our own statements that forget a scope, not against somebody who can run statements of their own. SQLite has none.

use std::collections::BTreeSet;

use auth::{Kind, Scope};
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseExecutor, DatabaseTransaction, DbErr, EntityTrait, IdenStatic as _, Statement,
    TransactionTrait as _,
};
use sea_orm_migration::SchemaManager;
use uuid::Uuid;

use crate::{Database, StoreResult, Txn};

/// Of whose rows a transaction may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Everybody's: of a service's own work, and of who acts on the platform.
    Everything,
    /// Those of these schools, boards, vendors and people.
    Only(BTreeSet<Uuid>),
}

impl<K: Kind> From<&Scope<K>> for Reach {
    fn from(scope: &Scope<K>) -> Self {
        match scope {
            Scope::Everything => Self::Everything,
            Scope::Only(ids) => Self::Only(ids.iter().copied().map(Into::into).collect()),
        }
    }
}

impl Reach {
    /// One school, board, vendor or person.
    pub fn one(id: impl Into<Uuid>) -> Self {
        Self::Only(BTreeSet::from([id.into()]))
    }

    /// What either reaches.
    #[must_use]
    pub fn or(self, other: impl Into<Self>) -> Self {
        match (self, other.into()) {
            (Self::Only(mut ids), Self::Only(more)) => {
                ids.extend(more);
                Self::Only(ids)
            }
            _ => Self::Everything,
        }
    }

    /// The settings that policies read, until the transaction ends: whether it reaches everything, and a list of ids.
    fn settings(&self) -> [String; 2] {
        match self {
            Self::Everything => ["on".to_owned(), "{}".to_owned()],
            Self::Only(ids) => {
                let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
                ["off".to_owned(), format!("{{{}}}", ids.join(","))]
            }
        }
    }

    async fn give(&self, txn: &DatabaseTransaction, and: &str) -> Result<(), DbErr> {
        let give = format!("SELECT set_config('schildwacht.everything', $1, true), set_config('schildwacht.reach', $2, true){and}");
        let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, give, self.settings().map(Into::into));
        txn.query_one_raw(statement).await.map(drop)
    }
}

/// A connection for reads, as [`Database::reader_within`] gives it.
pub type Reader<'a> = DatabaseExecutor<'a>;

impl Database {
    /// For reads of guarded tables. On PostgreSQL it is a transaction that holds a connection until it is dropped: drop it before another
    /// is asked for, since a pool may have two in all.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn reader_within(&self, reach: impl Into<Reach>) -> StoreResult<Reader<'_>> {
        if self.backend() != DatabaseBackend::Postgres {
            return Ok(self.reader().into());
        }
        let txn = self.reader().begin().await?;
        // Here rather than by `SET TRANSACTION`, which would be a round trip more.
        reach.into().give(&txn, ", set_config('transaction_read_only', 'on', true)").await?;
        Ok(Reader::OwnedTransaction(txn))
    }

    /// Begins a write transaction of the service's own work, which reaches everything.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn begin(&self) -> StoreResult<Txn> {
        self.begin_within(Reach::Everything).await
    }

    /// Begins a write transaction of a caller, within what they reach.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn begin_within(&self, reach: impl Into<Reach>) -> StoreResult<Txn> {
        let txn = self.begin_unguarded().await?;
        txn.set_reach(reach).await?;
        Ok(txn)
    }
}

impl Txn {
    /// Reaches this from now on, and nothing else.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_reach(&self, reach: impl Into<Reach>) -> StoreResult<()> {
        if self.get_database_backend() == DatabaseBackend::Postgres {
            reach.into().give(self, "").await?;
        }
        Ok(())
    }
}

/// Guards a table: PostgreSQL shows a transaction the rows for which this condition holds, and all when it reaches everything.
///
/// # Errors
/// When the database refuses.
pub async fn guard<E: EntityTrait>(manager: &SchemaManager<'_>, entity: E, is_within: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    let table = entity.table_name();
    // A sub-select is read once for each statement, and not for each row.
    let everything = "(SELECT current_setting('schildwacht.everything', true) = 'on')";
    let connection = manager.get_connection();
    connection.execute_unprepared(&format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")).await?;
    connection.execute_unprepared(&format!("CREATE POLICY reach ON {table} USING ({everything} OR {is_within})")).await?;
    Ok(())
}

/// Shows every transaction the rows of a guarded table for which this condition holds. It may not write them for that.
///
/// # Errors
/// When the database refuses.
pub async fn show<E: EntityTrait>(manager: &SchemaManager<'_>, entity: E, condition: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DatabaseBackend::Postgres {
        let policy = format!("CREATE POLICY shown ON {} FOR SELECT USING ({condition})", entity.table_name());
        manager.get_connection().execute_unprepared(&policy).await?;
    }
    Ok(())
}

/// The condition of [`guard`] that this id is reached: a column, or what is made of one.
pub fn reaches(id: &str) -> String {
    reaches_as(id, "uuid")
}

/// The same of an id that is text.
pub fn reaches_text(id: &str) -> String {
    reaches_as(id, "text")
}

fn reaches_as(id: &str, of: &str) -> String {
    // Without the second cast the sub-select would be one of rows, and with that alone each row would read the text again.
    format!("{id} = ANY ((SELECT coalesce(nullif(current_setting('schildwacht.reach', true), ''), '{{}}')::{of}[])::{of}[])")
}

/// The condition of [`guard`] that the row of another table that has the same value in this column is shown.
pub fn with<E: EntityTrait, P: EntityTrait>(entity: E, parent: P, key: P::Column) -> String {
    let (table, parent, key) = (entity.table_name(), parent.table_name(), key.as_str());
    format!("EXISTS (SELECT 1 FROM {parent} WHERE {parent}.{key} = {table}.{key})")
}
