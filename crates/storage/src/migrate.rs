//! Migrations under a lock.
//!
//! sea-orm-migration takes no lock and fails on a migration it does not know. Here, processes that start together wait for
//! each other, and a database that is newer than the binary is tolerated, because during a roll-out old and new run side by
//! side (so migrations only expand; they contract a release later). Each migration commits together with the row that
//! says it ran.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait as _, DatabaseBackend, EntityTrait as _, Schema, Statement,
    TransactionTrait as _,
};
pub use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait, prelude as schema};

use crate::{Database, StoreError, StoreResult};

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
        let schema = Schema::new(self.backend());
        let mut statement = schema.create_table_from_entity(applied::Entity);
        statement.if_not_exists();
        self.writer().execute(&statement).await.map_err(StoreError::from)?;
        Ok(())
    }
}
