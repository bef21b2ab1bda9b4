//! Addresses and names of devices in the evidence of older cases.

use std::{collections::BTreeSet, net::IpAddr};

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Expr, ExprTrait, OnConflict, Order, Query},
    sea_orm::{ConnectionTrait as _, QueryResult},
};
use serde_json::Value;
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};
use uuid::Uuid;

pub struct FillInEvidenceKeys;

impl MigrationName for FillInEvidenceKeys {
    fn name(&self) -> &'static str {
        "m20261127_fill_in_evidence_keys"
    }
}

#[derive(DeriveIden)]
enum EvidenceKey {
    Table,
    SearchKey,
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
impl MigrationTrait for FillInEvidenceKeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut last: Option<(Uuid, Uuid)> = None;
        loop {
            let rows = page_after(manager, last).await?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = Some((end.try_get("", "case_id")?, end.try_get("", "alert_id")?));
            let mut keys: BTreeSet<(String, Uuid)> = BTreeSet::new();
            for row in &rows {
                let case_id: Uuid = row.try_get("", "case_id")?;
                let json: String = row.try_get("", "alert")?;
                keys.extend(keys_of(&json).into_iter().map(|key| (key, case_id)));
            }
            insert(manager, keys).await?;
        }
    }
}

/// By the key of the table, so that each row is read once however many there are.
async fn page_after(manager: &SchemaManager<'_>, last: Option<(Uuid, Uuid)>) -> Result<Vec<QueryResult>, DbErr> {
    let mut some = Query::select();
    some.columns([Evidence::CaseId, Evidence::AlertId, Evidence::Alert])
        .from(Evidence::Table)
        .order_by(Evidence::CaseId, Order::Asc)
        .order_by(Evidence::AlertId, Order::Asc)
        .limit(ROWS_AT_ONCE);
    if let Some((case_id, alert_id)) = last {
        let key = Expr::tuple([Expr::col(Evidence::CaseId), Expr::col(Evidence::AlertId)]);
        some.and_where(ExprTrait::gt(key, Expr::tuple([case_id.into(), alert_id.into()])));
    }
    manager.get_connection().query_all(&some).await
}

/// One that cannot be read is not found by its addresses; its case can be read without it.
fn keys_of(json: &str) -> BTreeSet<String> {
    let Ok(alert) = serde_json::from_str::<Value>(json) else { return BTreeSet::new() };
    let texts = ENDS.into_iter().flat_map(|end| [format!("/{end}/ip"), format!("/{end}/device/name")]);
    texts.filter_map(|path| alert.pointer(&path)?.as_str().map(search_key)).filter(|key| !key.is_empty()).collect()
}

async fn insert(manager: &SchemaManager<'_>, keys: BTreeSet<(String, Uuid)>) -> Result<(), DbErr> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut insert = Query::insert();
    insert.into_table(EvidenceKey::Table).columns([EvidenceKey::SearchKey, EvidenceKey::CaseId]);
    for (key, case_id) in keys {
        insert.values([key.into(), case_id.into()]).map_err(|error| DbErr::Custom(error.to_string()))?;
    }
    insert.on_conflict(OnConflict::columns([EvidenceKey::SearchKey, EvidenceKey::CaseId]).do_nothing().to_owned());
    manager.get_connection().execute(&insert).await?;
    Ok(())
}

fn search_key(text: &str) -> String {
    let text = text.trim();
    text.parse::<IpAddr>().map_or_else(|_| text.to_lowercase(), |address| address.to_canonical().to_string())
}
