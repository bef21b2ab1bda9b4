//! What the role of the application may do on PostgreSQL, where another role owns the tables.
//!
//! With `database.migration_url`, migrations run as the owner, who then gives the role of `database.url` what a service needs and no more:
//! audit rows can be read and added, heads can move on, and neither can be deleted. The role can switch no trigger off, since the tables
//! are not its own. Without it one role does both, and only the triggers keep audit rows.

use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};

use crate::{Database, StoreResult};

/// Tables with less than the others, and what is taken back.
const LESS: [(&str, &str); 3] = [
    ("audit_log", "UPDATE, DELETE, TRUNCATE"),
    ("audit_head", "DELETE, TRUNCATE"),
    ("schema_migration", "INSERT, UPDATE, DELETE, TRUNCATE"),
];

/// Gives a role what a service needs, in the owner's transaction, so that it never has more.
pub(crate) async fn grant(owner: &impl ConnectionTrait, role: &str) -> Result<(), DbErr> {
    let role = quoted(role);
    let Some(schema) = text(owner, "SELECT current_schema()::text AS answer").await? else { return Ok(()) };
    let schema = quoted(&schema);
    let mut statements = vec![
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}"),
        format!("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"),
    ];
    for (table, less) in LESS {
        if text(owner, &format!("SELECT to_regclass('{table}')::text AS answer")).await?.is_some() {
            statements.push(format!("REVOKE {less} ON {table} FROM {role}"));
        }
    }
    for statement in statements {
        owner.execute_unprepared(&statement).await?;
    }
    Ok(())
}

impl Database {
    /// The role that this connection acts as; `None` on SQLite, which has none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn role(&self) -> StoreResult<Option<String>> {
        if self.backend() != DatabaseBackend::Postgres {
            return Ok(None);
        }
        Ok(text(self.reader(), "SELECT current_user::text AS answer").await?)
    }

    /// Whether the role of this connection could change or delete audit rows if it switched the triggers off, or drop their table and make
    /// another. On SQLite anyone who holds the file can.
    ///
    /// # Errors
    /// When the database does not answer, or has no audit trail.
    pub async fn may_change_audit_rows(&self) -> StoreResult<bool> {
        if self.backend() != DatabaseBackend::Postgres {
            return Ok(true);
        }
        // An owner who has lost these rights can give them back to itself. The owner of a schema may drop the tables of others in it, and the
        // owner of a database all of it.
        let question = "SELECT (has_table_privilege(tables.oid, 'UPDATE, DELETE, TRUNCATE')
                            OR pg_has_role(relowner, 'MEMBER') OR pg_has_role(nspowner, 'MEMBER') OR pg_has_role(datdba, 'MEMBER'))::text AS answer
                        FROM pg_class AS tables JOIN pg_namespace AS schemas ON schemas.oid = relnamespace
                        JOIN pg_database ON datname = current_database() WHERE tables.oid = to_regclass('audit_log')";
        Ok(text(self.reader(), question).await?.as_deref() != Some("false"))
    }
}

async fn text(connection: &impl ConnectionTrait, question: &str) -> Result<Option<String>, DbErr> {
    let row = connection.query_one_raw(Statement::from_string(DatabaseBackend::Postgres, question)).await?;
    row.map(|row| row.try_get::<Option<String>>("", "answer")).transpose().map(Option::flatten)
}

/// An identifier of SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
