//! Someone who holds the database, and has read our documentation: switches triggers off and computes hashes again.

use chrono::{DateTime, Utc};
use schildwacht_storage::Database;
use sea_orm::{ConnectionTrait as _, DatabaseBackend, Statement, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

#[derive(Debug, Clone)]
pub struct Row {
    pub chain: String,
    pub seq: i64,
    pub audit_id: Uuid,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub action: String,
    pub resource: String,
    pub detail: String,
    pub hash: Vec<u8>,
}

impl Row {
    fn columns(&self) -> [Vec<u8>; 6] {
        let text = |text: &str| text.as_bytes().to_vec();
        let at = self.at.timestamp_micros().to_be_bytes().to_vec();
        [self.audit_id.as_bytes().to_vec(), at, text(&self.actor), text(&self.action), text(&self.resource), text(&self.detail)]
    }

    /// As the documentation has it: the hash before, chain, number and columns, each with its length before it.
    fn hash(&self, previous: &[u8]) -> Vec<u8> {
        let mut hasher = Sha256::new();
        let before = [previous.to_vec(), self.chain.as_bytes().to_vec(), self.seq.to_be_bytes().to_vec()];
        for field in before.into_iter().chain(self.columns()) {
            hasher.update((field.len() as u64).to_be_bytes());
            hasher.update(field);
        }
        hasher.finalize().to_vec()
    }

    fn digests(&self) -> Vec<u8> {
        self.columns().iter().flat_map(|column| Sha256::digest(column)[..8].to_vec()).collect()
    }
}

/// Switches the triggers off, as an owner of the tables can, and runs a statement.
pub async fn tamper(database: &Database, statement: &str) {
    let switch_off: &[&str] = match database.backend() {
        DatabaseBackend::Postgres => &["ALTER TABLE audit_log DISABLE TRIGGER USER", "ALTER TABLE audit_head DISABLE TRIGGER USER"],
        _ => &[
            "DROP TRIGGER IF EXISTS audit_log_no_update",
            "DROP TRIGGER IF EXISTS audit_log_no_delete",
            "DROP TRIGGER IF EXISTS audit_head_moves_on",
            "DROP TRIGGER IF EXISTS audit_head_no_delete",
        ],
    };
    let txn = database.begin().await.unwrap();
    for step in switch_off {
        txn.execute_unprepared(step).await.unwrap();
    }
    txn.execute_unprepared(statement).await.unwrap();
    txn.commit().await.unwrap();
}

/// The rows of a chain, in order.
pub async fn rows(database: &Database, chain: &str) -> Vec<Row> {
    let question = format!("SELECT * FROM audit_log WHERE chain = '{chain}' ORDER BY seq");
    let found = database.reader().query_all_raw(Statement::from_string(database.backend(), question)).await.unwrap();
    let row = |row: &sea_orm::QueryResult| Row {
        chain: row.try_get("", "chain").unwrap(),
        seq: row.try_get("", "seq").unwrap(),
        audit_id: row.try_get("", "audit_id").unwrap(),
        at: row.try_get("", "at").unwrap(),
        actor: row.try_get("", "actor").unwrap(),
        action: row.try_get("", "action").unwrap(),
        resource: row.try_get("", "resource").unwrap(),
        detail: row.try_get("", "detail").unwrap(),
        hash: row.try_get("", "hash").unwrap(),
    };
    found.iter().map(row).collect()
}

/// Which hashes are written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// Those of rows up to this one.
    pub to: i64,
    /// Also the digests of their columns.
    pub digests: bool,
    /// Also the head.
    pub head: bool,
}

/// Everything: nothing in the database shows it.
pub const ALL: Again = Again { to: i64::MAX, digests: true, head: true };

/// Writes hashes from a row on again, so that they hold.
pub async fn rehash(database: &Database, chain: &str, from: i64, again: Again) {
    let (mut previous, mut last) = (Vec::new(), 0);
    for row in rows(database, chain).await {
        if row.seq < from || row.seq > again.to {
            (previous, last) = (row.hash, row.seq);
            continue;
        }
        let hash = row.hash(&previous);
        set(database, "UPDATE audit_log SET hash = $1 WHERE chain = $2 AND seq = $3", [hash.clone().into(), chain.into(), row.seq.into()])
            .await;
        if again.digests {
            let digests = row.digests().into();
            set(
                database,
                "UPDATE audit_log SET column_digests = $1 WHERE chain = $2 AND seq = $3",
                [digests, chain.into(), row.seq.into()],
            )
            .await;
        }
        (previous, last) = (hash, row.seq);
    }
    if again.head {
        set(database, "UPDATE audit_head SET hash = $1, seq = $2 WHERE chain = $3", [previous.into(), last.into(), chain.into()]).await;
    }
}

async fn set<const N: usize>(database: &Database, statement: &str, values: [Value; N]) {
    let txn = database.begin().await.unwrap();
    txn.execute_raw(Statement::from_sql_and_values(database.backend(), statement, values)).await.unwrap();
    txn.commit().await.unwrap();
}

const TABLES: [&str; 2] = ["audit_log", "audit_head"];

/// Keeps a copy of the audit trail.
pub async fn back_up(database: &Database) {
    for table in TABLES {
        tamper(database, &format!("CREATE TABLE old_{table} AS SELECT * FROM {table}")).await;
    }
}

/// Puts that copy in place of the audit trail.
pub async fn restore(database: &Database) {
    for table in TABLES {
        tamper(database, &format!("DELETE FROM {table}")).await;
        tamper(database, &format!("INSERT INTO {table} SELECT * FROM old_{table}")).await;
    }
}
