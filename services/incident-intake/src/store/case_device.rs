//! Which devices of the school a case is about.

use std::collections::{BTreeMap, HashMap};

use runtime::CaseId;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, Func, OnConflict, Order, Query, WindowStatement},
};
use storage::{StoreResult, Txn};
use uuid::Uuid;

use super::entity::case_device::{ActiveModel, Column, Entity};
use crate::domain::{
    alert::{Alert, Involved},
    case_devices::{CaseDevice, CaseDevices},
};

/// Rows in one statement: SQLite takes 32,766 values.
const ROWS_AT_ONCE: usize = 1_000;

/// Keeps the devices in evidence, given with its positions in the order in which it was attached.
pub async fn keep(txn: &Txn, case: CaseId, evidence: &[(i64, &Alert)]) -> StoreResult<()> {
    let mut rows: BTreeMap<String, ActiveModel> = BTreeMap::new();
    let mut now_known: Vec<String> = Vec::new();
    for (position, alert) in evidence {
        for (end, involved) in (0..).zip(alert.involved()) {
            if involved.device.is_some() && !involved.ip.is_empty() {
                now_known.push(involved.ip.clone());
            }
            let key = involved.key.clone();
            rows.entry(key).or_insert_with(|| row(case, position.saturating_mul(2).saturating_add(end), involved));
        }
    }
    for some in now_known.chunks(ROWS_AT_ONCE) {
        let by_address = Entity::delete_many().filter(Column::CaseId.eq(case.as_uuid())).filter(Column::DeviceKey.is_in(some));
        by_address.exec(&**txn).await?;
    }
    let rows: Vec<ActiveModel> = rows.into_values().filter(|row| !is_one_of(&now_known, row)).collect();
    for some in rows.chunks(ROWS_AT_ONCE) {
        Entity::insert_many(some.iter().cloned()).on_conflict(newest_name_and_address()).exec_without_returning(&**txn).await?;
    }
    Ok(())
}

/// Whether this is an address that a device is known to have.
fn is_one_of(now_known: &[String], row: &ActiveModel) -> bool {
    matches!((&row.is_known, &row.device_key), (Set(false), Set(key)) if now_known.contains(key))
}

fn row(case: CaseId, position: i64, involved: Involved) -> ActiveModel {
    ActiveModel {
        case_id: Set(case.as_uuid()),
        device_key: Set(involved.key),
        position: Set(position),
        is_known: Set(involved.device.is_some()),
        name: Set(involved.device.map(|device| device.name).unwrap_or_default()),
        ip: Set(involved.ip),
    }
}

/// A device keeps the name it had when an alert says none.
fn newest_name_and_address() -> OnConflict {
    let told = |column| Expr::col(("excluded", column));
    let unless_empty = |column| {
        let kept = Expr::col((Entity, column));
        Expr::expr(Expr::case(told(column).eq(""), kept).finally(told(column)))
    };
    let mut conflict = OnConflict::columns([Column::CaseId, Column::DeviceKey]);
    conflict.value(Column::Name, unless_empty(Column::Name)).value(Column::Ip, unless_empty(Column::Ip)).to_owned()
}

#[derive(FromQueryResult)]
struct Row {
    case_id: Uuid,
    device_key: String,
    is_known: bool,
    name: String,
    ip: String,
    total: i64,
}

/// The first so many devices of each of these cases. Cases without any are left out.
pub async fn first_of(connection: &impl ConnectionTrait, cases: &[CaseId], most: u32) -> StoreResult<HashMap<CaseId, CaseDevices>> {
    if cases.is_empty() {
        return Ok(HashMap::new());
    }
    const RANK: &str = "device_rank";
    let of_case = || WindowStatement::partition_by(Column::CaseId);
    let mut ranked = Query::select();
    ranked
        .columns([Column::CaseId, Column::DeviceKey, Column::IsKnown, Column::Name, Column::Ip])
        .expr_window_as(
            Func::cust("ROW_NUMBER"),
            of_case().order_by(Column::Position, Order::Asc).order_by(Column::DeviceKey, Order::Asc).take(),
            RANK,
        )
        .expr_window_as(Func::count(Expr::col(Column::DeviceKey)), of_case(), "total")
        .from(Entity)
        .and_where(Column::CaseId.is_in(cases.iter().map(|case| case.as_uuid())));
    let mut first = Query::select();
    first
        .columns(["case_id", "device_key", "is_known", "name", "ip", "total"])
        .from_subquery(ranked, "ranked")
        .and_where(Expr::col(RANK).lte(most))
        .order_by(RANK, Order::Asc);
    let mut found: HashMap<CaseId, CaseDevices> = HashMap::new();
    for row in connection.query_all(&first).await? {
        let row = Row::from_query_result(&row, "")?;
        let devices = found.entry(row.case_id.into()).or_default();
        devices.total = row.total.unsigned_abs();
        devices.first.push(CaseDevice { id: row.is_known.then_some(row.device_key), name: row.name, ip: row.ip });
    }
    Ok(found)
}
