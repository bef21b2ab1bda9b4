//! Addresses and names of devices in evidence, to look cases up by.

use std::{collections::BTreeSet, net::IpAddr};

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, ForeignKey, Index, OnConflict, Order, Query, Table},
    schema::{string, uuid},
    sea_orm::ConnectionTrait as _,
};
use serde_json::Value;
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};
use uuid::Uuid;

pub struct AddEvidenceKeys;

impl MigrationName for AddEvidenceKeys {
    fn name(&self) -> &'static str {
        "m20261127_add_evidence_keys"
    }
}

#[derive(DeriveIden)]
enum EvidenceKey {
    Table,
    SearchKey,
    CaseId,
}

#[derive(DeriveIden)]
enum IncidentCase {
    Table,
    CaseId,
}

#[derive(DeriveIden)]
enum Evidence {
    Table,
    CaseId,
    AlertId,
    Alert,
}

const ROWS_AT_ONCE: u64 = 500;
const ENDS: [&str; 2] = ["source", "destination"];

#[async_trait::async_trait]
impl MigrationTrait for AddEvidenceKeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let case =
            ForeignKey::create().from(EvidenceKey::Table, EvidenceKey::CaseId).to(IncidentCase::Table, IncidentCase::CaseId).to_owned();
        let keys = Table::create()
            .table(EvidenceKey::Table)
            .col(string(EvidenceKey::SearchKey))
            .col(uuid(EvidenceKey::CaseId))
            .primary_key(Index::create().col(EvidenceKey::SearchKey).col(EvidenceKey::CaseId))
            .foreign_key(&mut case.clone())
            .to_owned();
        manager.create_table(keys).await?;
        fill_in(manager).await
    }
}

async fn fill_in(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    for page in 0.. {
        let some = Query::select()
            .columns([Evidence::CaseId, Evidence::Alert])
            .from(Evidence::Table)
            .order_by(Evidence::CaseId, Order::Asc)
            .order_by(Evidence::AlertId, Order::Asc)
            .limit(ROWS_AT_ONCE)
            .offset(page * ROWS_AT_ONCE)
            .to_owned();
        let rows = connection.query_all(&some).await?;
        let mut keys: BTreeSet<(String, Uuid)> = BTreeSet::new();
        for row in &rows {
            let case_id: Uuid = row.try_get("", "case_id")?;
            let json: String = row.try_get("", "alert")?;
            // One that cannot be read is not found by its addresses; its case can be read without it.
            let Ok(alert) = serde_json::from_str::<Value>(&json) else { continue };
            let texts = ENDS.into_iter().flat_map(|end| [format!("/{end}/ip"), format!("/{end}/device/name")]);
            let keys_of_alert = texts.filter_map(|path| alert.pointer(&path)?.as_str().map(search_key)).filter(|key| !key.is_empty());
            keys.extend(keys_of_alert.map(|key| (key, case_id)));
        }
        if !keys.is_empty() {
            let mut insert = Query::insert();
            insert.into_table(EvidenceKey::Table).columns([EvidenceKey::SearchKey, EvidenceKey::CaseId]);
            for (key, case_id) in keys {
                insert.values([key.into(), case_id.into()]).map_err(|error| DbErr::Custom(error.to_string()))?;
            }
            insert.on_conflict(OnConflict::columns([EvidenceKey::SearchKey, EvidenceKey::CaseId]).do_nothing().to_owned());
            connection.execute(&insert).await?;
        }
        if (rows.len() as u64) < ROWS_AT_ONCE {
            break;
        }
    }
    Ok(())
}

fn search_key(text: &str) -> String {
    let text = text.trim();
    text.parse::<IpAddr>().map_or_else(|_| text.to_lowercase(), |address| address.to_canonical().to_string())
}
