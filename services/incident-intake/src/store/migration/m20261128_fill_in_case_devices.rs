//! Devices in the evidence of older cases.

use std::{collections::BTreeMap, net::IpAddr};

use sea_orm_migration::{
    prelude::{Alias, DbErr, DeriveIden, Expr, ExprTrait, OnConflict, Order, Query},
    sea_orm::{ConnectionTrait as _, QueryResult},
};
use serde_json::Value;
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};
use uuid::Uuid;

pub struct FillInCaseDevices;

impl MigrationName for FillInCaseDevices {
    fn name(&self) -> &'static str {
        "m20261128_fill_in_case_devices"
    }
}

#[derive(Clone, Copy, DeriveIden)]
enum CaseDevice {
    Table,
    CaseId,
    DeviceKey,
    Position,
    IsKnown,
    Name,
    Ip,
}

#[derive(DeriveIden)]
enum Evidence {
    Table,
    CaseId,
    AlertId,
    Position,
    Alert,
}

const ROWS_AT_ONCE: u64 = 500;

struct Device {
    position: i64,
    is_known: bool,
    name: String,
    ip: String,
}

#[async_trait::async_trait]
impl MigrationTrait for FillInCaseDevices {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut last: Option<(Uuid, Uuid)> = None;
        loop {
            let rows = page_after(manager, last).await?;
            let Some(end) = rows.last() else { break };
            last = Some((end.try_get("", "case_id")?, end.try_get("", "alert_id")?));
            let mut devices: BTreeMap<(Uuid, String), Device> = BTreeMap::new();
            for row in &rows {
                let case_id: Uuid = row.try_get("", "case_id")?;
                let position: i64 = row.try_get("", "position")?;
                let json: String = row.try_get("", "alert")?;
                for (key, device) in devices_of(&json, position) {
                    let earlier = devices.get(&(case_id, key.clone())).is_some_and(|known| known.position <= device.position);
                    if !earlier {
                        devices.insert((case_id, key), device);
                    }
                }
            }
            insert(manager, devices).await?;
        }
        forget_addresses_of_devices(manager).await
    }
}

/// By the key of the table, so that each row is read once however many there are.
async fn page_after(manager: &SchemaManager<'_>, last: Option<(Uuid, Uuid)>) -> Result<Vec<QueryResult>, DbErr> {
    let mut some = Query::select();
    some.columns([Evidence::CaseId, Evidence::AlertId, Evidence::Position, Evidence::Alert])
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

/// One that cannot be read names no devices; its case can be read without it.
fn devices_of(json: &str, position: i64) -> Vec<(String, Device)> {
    let Ok(alert) = serde_json::from_str::<Value>(json) else { return Vec::new() };
    let text = |path: String| alert.pointer(&path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ends = [(0, "source"), (1, "destination")].into_iter().filter_map(|(end, name)| {
        let ip = spelt(&text(format!("/{name}/ip")));
        let id = text(format!("/{name}/device/id"));
        let is_known = !id.is_empty();
        let key = if is_known { id } else { Some(ip.clone()).filter(|ip| is_of_the_school(ip))? };
        Some((key, Device { position: position * 2 + end, is_known, name: text(format!("/{name}/device/name")), ip }))
    });
    ends.collect()
}

async fn insert(manager: &SchemaManager<'_>, devices: BTreeMap<(Uuid, String), Device>) -> Result<(), DbErr> {
    if devices.is_empty() {
        return Ok(());
    }
    let mut insert = Query::insert();
    insert.into_table(CaseDevice::Table).columns([
        CaseDevice::CaseId,
        CaseDevice::DeviceKey,
        CaseDevice::Position,
        CaseDevice::IsKnown,
        CaseDevice::Name,
        CaseDevice::Ip,
    ]);
    for ((case_id, key), device) in devices {
        let Device { position, is_known, name, ip } = device;
        insert
            .values([case_id.into(), key.into(), position.into(), is_known.into(), name.into(), ip.into()])
            .map_err(|error| DbErr::Custom(error.to_string()))?;
    }
    let kept = || Expr::col((CaseDevice::Table, CaseDevice::Position));
    let told = || Expr::col((Alias::new("excluded"), CaseDevice::Position));
    let first = Expr::case(told().lt(kept()), told()).finally(kept());
    let conflict = OnConflict::columns([CaseDevice::CaseId, CaseDevice::DeviceKey]).value(CaseDevice::Position, first).to_owned();
    insert.on_conflict(conflict);
    manager.get_connection().execute(&insert).await?;
    Ok(())
}

/// An address that a device of the same case has is no device of its own.
async fn forget_addresses_of_devices(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let known = Alias::new("known");
    let of_a_device = Query::select()
        .expr(Expr::val(1))
        .from_as(CaseDevice::Table, known.clone())
        .and_where(Expr::col((known.clone(), CaseDevice::CaseId)).eq(Expr::col((CaseDevice::Table, CaseDevice::CaseId))))
        .and_where(Expr::col((known.clone(), CaseDevice::Ip)).eq(Expr::col((CaseDevice::Table, CaseDevice::DeviceKey))))
        .and_where(Expr::col((known, CaseDevice::IsKnown)).eq(true))
        .to_owned();
    let mut delete = Query::delete();
    delete.from_table(CaseDevice::Table).and_where(Expr::col(CaseDevice::IsKnown).eq(false)).and_where(Expr::exists(of_a_device));
    manager.get_connection().execute(&delete).await?;
    Ok(())
}

fn spelt(text: &str) -> String {
    let text = text.trim();
    text.parse::<IpAddr>().map_or_else(|_| text.to_lowercase(), |address| address.to_canonical().to_string())
}

/// RFC 1918, RFC 4193, link-local and loopback.
fn is_of_the_school(ip: &str) -> bool {
    match ip.parse() {
        Ok(IpAddr::V4(v4)) => v4.is_private() || v4.is_link_local() || v4.is_loopback(),
        Ok(IpAddr::V6(v6)) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback(),
        Err(_) => false,
    }
}
