//! Devices in the evidence of older cases.

use std::{collections::BTreeMap, net::IpAddr};

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Expr, ExprTrait as _, OnConflict, Order, Query},
    sea_orm::ConnectionTrait as _,
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

#[derive(DeriveIden)]
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
    Position,
    Alert,
}

const CASES_AT_ONCE: u64 = 500;

struct Device {
    position: i64,
    is_known: bool,
    name: String,
    ip: String,
}

#[async_trait::async_trait]
impl MigrationTrait for FillInCaseDevices {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut last: Option<Uuid> = None;
        loop {
            let cases = cases_after(manager, last).await?;
            last = cases.last().copied();
            if last.is_none() {
                return Ok(());
            }
            for case_id in cases {
                insert(manager, case_id, devices_of(manager, case_id).await?).await?;
            }
        }
    }
}

/// By their key, so that each is read once however many there are.
async fn cases_after(manager: &SchemaManager<'_>, last: Option<Uuid>) -> Result<Vec<Uuid>, DbErr> {
    let mut some = Query::select();
    some.column(Evidence::CaseId).distinct().from(Evidence::Table).order_by(Evidence::CaseId, Order::Asc).limit(CASES_AT_ONCE);
    if let Some(last) = last {
        some.and_where(Expr::col(Evidence::CaseId).gt(last));
    }
    manager.get_connection().query_all(&some).await?.iter().map(|row| row.try_get("", "case_id")).collect()
}

/// Those in the evidence of a case.
async fn devices_of(manager: &SchemaManager<'_>, case_id: Uuid) -> Result<BTreeMap<String, Device>, DbErr> {
    let mut evidence = Query::select();
    evidence
        .columns([Evidence::Position, Evidence::Alert])
        .from(Evidence::Table)
        .and_where(Expr::col(Evidence::CaseId).eq(case_id))
        .order_by(Evidence::Position, Order::Asc);
    let mut devices: BTreeMap<String, Device> = BTreeMap::new();
    for row in manager.get_connection().query_all(&evidence).await? {
        let (position, json): (i64, String) = (row.try_get("", "position")?, row.try_get("", "alert")?);
        for (key, told) in told_by(&json, position) {
            take_in(&mut devices, key, told);
        }
    }
    Ok(devices)
}

/// What is told last counts unless it is empty. An address that a device is known to have is that device, in its place.
fn take_in(devices: &mut BTreeMap<String, Device>, key: String, mut told: Device) {
    if !told.is_known && devices.values().any(|device| device.is_known && device.ip == key) {
        return;
    }
    let is_its_address = |device: &Device| told.is_known && !device.is_known;
    if devices.get(&told.ip).is_some_and(is_its_address) {
        let address = devices.remove(&told.ip);
        told.position = address.map_or(told.position, |address| Ord::min(told.position, address.position));
    }
    let Some(device) = devices.get_mut(&key) else {
        devices.insert(key, told);
        return;
    };
    device.position = Ord::min(device.position, told.position);
    for (kept, told) in [(&mut device.name, told.name), (&mut device.ip, told.ip)] {
        if !told.is_empty() {
            *kept = told;
        }
    }
}

/// One that cannot be read names no devices; its case can be read without it.
fn told_by(json: &str, position: i64) -> Vec<(String, Device)> {
    let Ok(alert) = serde_json::from_str::<Value>(json) else { return Vec::new() };
    let text = |path: String| alert.pointer(&path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ends = [(0, "source"), (1, "destination")].into_iter().filter_map(|(end, name)| {
        let ip = spelt(&text(format!("/{name}/ip")));
        let id = text(format!("/{name}/device/id"));
        let is_known = !id.is_empty();
        let key = if is_known { id } else { Some(ip.clone()).filter(|ip| is_of_the_school(ip))? };
        Some((key, Device { position: position.saturating_mul(2) + end, is_known, name: text(format!("/{name}/device/name")), ip }))
    });
    ends.collect()
}

async fn insert(manager: &SchemaManager<'_>, case_id: Uuid, devices: BTreeMap<String, Device>) -> Result<(), DbErr> {
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
    for (key, Device { position, is_known, name, ip }) in devices {
        insert
            .values([case_id.into(), key.into(), position.into(), is_known.into(), name.into(), ip.into()])
            .map_err(|error| DbErr::Custom(error.to_string()))?;
    }
    // What a replica of this release has written meanwhile knows more.
    insert.on_conflict(OnConflict::columns([CaseDevice::CaseId, CaseDevice::DeviceKey]).do_nothing().to_owned());
    manager.get_connection().execute(&insert).await?;
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
