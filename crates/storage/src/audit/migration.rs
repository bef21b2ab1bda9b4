//! Makes the tables, and the triggers that keep rows as they were written.
//!
//! The triggers are the part that is always on: they stop a mistake, and an application that was taken over. On PostgreSQL the role of the
//! application must not own the tables, or it could switch them off; [`crate::privileges`] gives it no more than it needs. An owner or a
//! superuser can still change rows, which is what checkpoints are for.

use sea_orm::{ConnectionTrait as _, DatabaseBackend, DbErr};

use super::{
    table::{actor, head, row},
    uses::OF_PEOPLE,
};
use crate::{
    classified::ClassifiedTable,
    migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait, table},
};

/// Makes the tables; every service that writes audit rows lists it among its migrations.
#[derive(Debug)]
pub struct AddAuditTrail;

impl MigrationName for AddAuditTrail {
    fn name(&self) -> &'static str {
        "m20260105_add_audit_trail"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddAuditTrail {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table(manager, row::Entity)).await?;
        manager.create_table(table(manager, head::Entity)).await?;
        manager.create_table(table(manager, actor::Entity)).await?;
        // What services do by themselves is most of the rows, and is not in it.
        let of_people = format!("CREATE INDEX audit_log_of_people ON audit_log (chain, actor, action, at) WHERE {OF_PEOPLE}");
        manager.get_connection().execute_unprepared(&of_people).await?;
        let triggers: &[&str] = match manager.get_database_backend() {
            DatabaseBackend::Postgres => &POSTGRES,
            _ => &SQLITE,
        };
        for trigger in triggers {
            manager.get_connection().execute_unprepared(trigger).await?;
        }
        Ok(())
    }
}

/// What is said of them.
pub(crate) fn tables() -> Vec<ClassifiedTable> {
    vec![ClassifiedTable::of(row::Entity), ClassifiedTable::of(head::Entity), ClassifiedTable::of(actor::Entity)]
}

/// A head moves on by one row at a time and is never removed.
const SQLITE: [&str; 4] = [
    "CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
     BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END",
    "CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
     BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END",
    "CREATE TRIGGER audit_head_moves_on BEFORE UPDATE ON audit_head WHEN NEW.chain <> OLD.chain OR NEW.seq <> OLD.seq + 1
     BEGIN SELECT RAISE(ABORT, 'the head of an audit chain moves on by one row'); END",
    "CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
     BEGIN SELECT RAISE(ABORT, 'the head of an audit chain is never deleted'); END",
];

const POSTGRES: [&str; 5] = [
    "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$",
    "CREATE TRIGGER audit_log_keep BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_log_keep_all BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_head_moves_on BEFORE UPDATE ON audit_head FOR EACH ROW
     WHEN (NEW.chain <> OLD.chain OR NEW.seq <> OLD.seq + 1) EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_head_keep BEFORE DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
];
