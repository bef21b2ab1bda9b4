//! Which devices of the school a case is about.

use std::collections::{BTreeSet, HashMap};

use runtime::CaseId;
use sea_orm::{
    ActiveValue::Set,
    Condition, ConnectionTrait, FromQueryResult,
    entity::prelude::*,
    sea_query::{ExprTrait as _, Func, Order, Query, WindowStatement},
};
use storage::{StoreResult, Txn, chunks, or_update};

use crate::domain::{
    alert::Alert,
    case_devices::{CaseDevice, CaseDevices, Member, Roster},
};

/// Table `case_device`. Devices of the school in the evidence of cases.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "case_device")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: Uuid,
    /// The device's id, else its address.
    #[sea_orm(primary_key, auto_increment = false)]
    pub device_key: String,
    /// Where in the evidence it came first: twice the position of the alert, one more for its destination.
    pub position: i64,
    /// Whether the key is the id of a device.
    pub is_known: bool,
    /// May be empty.
    pub name: String,
    pub ip: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Incidents {
    Internal: CaseId, Position, IsKnown;
    Personal: DeviceKey, Name, Ip;
}}

/// Keeps the devices in evidence, given with its positions in the order in which it was attached. `before` is what the case knew of
/// an alert that it had already.
pub async fn keep(txn: &Txn, case: CaseId, evidence: &[(i64, &Alert)], before: Option<&Alert>) -> StoreResult<()> {
    let spoken_of = || evidence.iter().map(|(_, alert)| *alert).chain(before).flat_map(Alert::involved);
    let addresses: BTreeSet<String> = spoken_of().map(|involved| involved.ip).filter(|ip| !ip.is_empty()).collect();
    let keys: BTreeSet<String> = spoken_of().map(|involved| involved.key).chain(addresses.iter().cloned()).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let is_spoken_of = Condition::any().add(Column::DeviceKey.is_in(keys)).add(Column::Ip.is_in(addresses));
    let of_case = || Column::CaseId.eq(case.as_uuid());
    let kept = Roster(Entity::find().filter(of_case()).filter(is_spoken_of).all(&**txn).await?.into_iter().map(member).collect());
    let mut roster = kept.clone();
    for (position, alert) in evidence {
        roster.take_in(*position, alert, before);
    }

    let gone: Vec<&String> = kept.0.keys().filter(|key| !roster.0.contains_key(*key)).collect();
    if !gone.is_empty() {
        Entity::delete_many().filter(of_case()).filter(Column::DeviceKey.is_in(gone)).exec(&**txn).await?;
    }
    let changed = roster.0.into_iter().filter(|(key, member)| kept.0.get(key) != Some(member));
    let rows = changed.map(|(key, member)| row(case, key, member));
    for some in chunks(rows) {
        Entity::insert_many(some).on_conflict(or_update::<Entity>(&[])).exec_without_returning(&**txn).await?;
    }
    Ok(())
}

fn member(row: Model) -> (String, Member) {
    let Model { device_key, position, is_known, name, ip, .. } = row;
    (device_key, Member { is_known, name, ip, position })
}

fn row(case: CaseId, key: String, member: Member) -> ActiveModel {
    let Member { is_known, name, ip, position } = member;
    ActiveModel {
        case_id: Set(case.as_uuid()),
        device_key: Set(key),
        position: Set(position),
        is_known: Set(is_known),
        name: Set(name),
        ip: Set(ip),
    }
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
