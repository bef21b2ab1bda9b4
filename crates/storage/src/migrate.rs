//! Migrations under a lock.
//!
//! sea-orm-migration takes no lock and fails on a migration it does not know. Here, processes that start together wait for
//! each other, and a database that is newer than the binary is tolerated, because during a rolling upgrade old and new replicas
//! share one. Each migration commits together with the row that says it ran.
//!
//! # How tables change
//!
//! Each service has one migration that makes its tables from its entities ([`table`]), with the checks and indexes that entities cannot
//! express. Until the first release a change is made there, and databases of developers are re-created.
//!
//! From the first release on that migration stays, and each change is a migration of its own, in two steps:
//!
//! 1. *Expand.* Add a table, an index, or a column that may be null or has a default ([`add_column`]). Old replicas do not know it and
//!    leave it empty, so readers must take that. Rows are filled in by a further migration, since what alters a table blocks its
//!    readers until it commits; filling in twice must do no harm.
//! 2. *Contract.* A release later, when no replica leaves it empty any more: make it mandatory, drop what nobody reads.
//!
//! A new database gets the entities as they are today from the first migration, so each later one asks first whether its work is done.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::Set,
    ConnectionTrait as _, DatabaseBackend, DbErr, EntityTrait, IdenStatic as _, Schema, Statement, TransactionTrait as _,
    sea_query::{Index, IndexCreateStatement, Table, TableCreateStatement},
};
pub use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait, prelude as schema};

use crate::{
    Database, StoreError, StoreResult,
    classified::{Classified, ClassifiedTable},
    privileges,
};

/// A lock that all processes migrating this database ask for; any constant will do.
const POSTGRES_LOCK: i64 = 0x5343_4849_4c44;
const LOCK_RETRY: Duration = Duration::from_millis(200);

mod applied {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "schema_migration")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub applied_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    crate::classified! { Technical { Internal: Name, AppliedAt; }}
}

/// The table of an entity, with its columns, its primary key, and the foreign keys of its relations. It must say of which class its rows are, and
/// how sensitive each column is ([`crate::classified!`]).
pub fn table<E: Classified>(manager: &SchemaManager<'_>, entity: E) -> TableCreateStatement {
    Schema::new(manager.get_database_backend()).create_table_from_entity(entity)
}

/// What is said of the table of migrations.
pub(crate) fn applied_table() -> ClassifiedTable {
    ClassifiedTable::of(applied::Entity)
}

/// An index on columns of an entity's table.
pub fn index<E: EntityTrait>(name: &str, entity: E, columns: impl IntoIterator<Item = E::Column>) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(entity.table_ref());
    for column in columns {
        index.col(column);
    }
    index
}

/// Adds a column of an entity, unless the table has it. It must be one that may be null or has a default.
///
/// # Errors
/// When the database refuses.
pub async fn add_column<E: Classified>(manager: &SchemaManager<'_>, entity: E, column: E::Column) -> Result<(), DbErr> {
    if manager.has_column(entity.table_name(), column.as_str()).await? {
        return Ok(());
    }
    let mut column = Schema::new(manager.get_database_backend()).get_column_def::<E>(column);
    manager.alter_table(Table::alter().table(entity.table_ref()).add_column(&mut column).to_owned()).await
}

/// What a migration run found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MigrationReport {
    /// Applied now, in order.
    pub applied: Vec<String>,
    /// In the database, but not known to this binary.
    pub unknown: Vec<String>,
}

impl Database {
    /// Applies what is missing, in the order given. Names must be unique; they are kept for ever.
    ///
    /// # Errors
    /// When a migration fails; those before it stay applied.
    pub async fn migrate(&self, migrations: Vec<Box<dyn MigrationTrait>>, clock: &runtime::Clock) -> StoreResult<MigrationReport> {
        self.migrate_for(None, migrations, clock).await
    }

    /// The same, as the owner of the tables, for a service that acts as another role: that role is given what a service needs
    /// ([`crate::privileges`]).
    ///
    /// # Errors
    /// As [`Database::migrate`]; also when the role cannot be given anything.
    pub async fn migrate_for(
        &self,
        role: Option<&str>,
        migrations: Vec<Box<dyn MigrationTrait>>,
        clock: &runtime::Clock,
    ) -> StoreResult<MigrationReport> {
        // Held until the end; rolled back, since it changes nothing.
        let lock = self.migration_lock().await?;
        self.create_migration_table().await?;
        let done: Vec<String> = applied::Entity::find().all(self.writer()).await?.into_iter().map(|row| row.name).collect();

        let mut report = MigrationReport::default();
        for migration in &migrations {
            let name = migration.name();
            if done.iter().any(|applied| applied == name) {
                continue;
            }
            let txn = self.writer().begin().await?;
            if self.backend() == DatabaseBackend::Postgres {
                // The limit is for requests; an index on a table that has grown for years takes its time.
                txn.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
            }
            migration.up(&SchemaManager::new(&txn)).await?;
            applied::ActiveModel { name: Set(name.to_owned()), applied_at: Set(clock.now()) }.insert(&txn).await?;
            txn.commit().await?;
            tracing::info!(name: "database.migrated", migration = name, "migration applied");
            report.applied.push(name.to_owned());
        }
        report.unknown = done.into_iter().filter(|name| migrations.iter().all(|migration| migration.name() != name)).collect();
        if !report.unknown.is_empty() {
            tracing::warn!(name: "database.newer_than_binary", count = report.unknown.len(), "database holds migrations of a newer version");
        }
        if let Some(role) = role {
            let txn = self.writer().begin().await?;
            privileges::grant(&txn, role).await?;
            txn.commit().await?;
        }
        if let Some(lock) = lock {
            lock.rollback().await?;
        }
        Ok(report)
    }

    /// PostgreSQL: a transaction that holds the advisory lock. SQLite: nothing, since the data folder belongs to one process.
    async fn migration_lock(&self) -> StoreResult<Option<sea_orm::DatabaseTransaction>> {
        if self.backend() != DatabaseBackend::Postgres {
            return Ok(None);
        }
        // Trying again rather than waiting in the database: a waiting session would count as an old snapshot and block
        // `CREATE INDEX CONCURRENTLY` in the session that holds the lock.
        let mut said = false;
        loop {
            let txn = self.writer().begin().await?;
            let question = Statement::from_sql_and_values(
                DatabaseBackend::Postgres,
                "SELECT pg_try_advisory_xact_lock($1) AS locked",
                [POSTGRES_LOCK.into()],
            );
            let row = txn.query_one_raw(question).await?;
            let locked = row.map(|row| row.try_get::<bool>("", "locked")).transpose()?.unwrap_or(false);
            if locked {
                return Ok(Some(txn));
            }
            txn.rollback().await?;
            if !said {
                tracing::info!(name: "database.migration_waits", "another process migrates this database, waiting for it");
                said = true;
            }
            tokio::time::sleep(LOCK_RETRY).await;
        }
    }

    async fn create_migration_table(&self) -> StoreResult<()> {
        let mut statement = Schema::new(self.backend()).create_table_from_entity(applied::Entity);
        statement.if_not_exists();
        self.writer().execute(&statement).await.map_err(StoreError::from)?;
        Ok(())
    }
}
