//! Alerts, kept.

use auth::Scope;
use chrono::{DateTime, Utc};
use runtime::{AlertId, DeviceId, SchoolId};
use sea_orm::{
    ActiveValue::Set,
    Condition, ConnectionTrait, Iterable as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{ExprTrait as _, Func, OnConflict, Order, OverStatement as _, Query, WindowStatement},
};
use storage::{Page, Paging, StoreError, StoreResult, Txn, chunks, desc, or_update, within};

use super::alert_device;
use crate::domain::{
    address,
    alert::{Alert, AlertFilter, AlertKey, Remembered},
    alert_change::AlertChange,
    alert_fold::AlertFold,
    destinations::Destinations,
    detection::{Endpoint, Severity, SignatureId},
};

/// Alerts that one look-up of up to 500 keys reads, at most: up to 33 KiB each.
const MOST_KNOWN: u64 = 1_000;

/// Table `alert`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub alert_id: Uuid,
    pub school_id: Uuid,
    pub gateway_id: Option<Uuid>,
    pub signature_id: String,
    #[sea_orm(column_type = "Text")]
    pub signature: String,
    #[sea_orm(column_type = "Text")]
    pub category: String,
    /// 1 low, 2 medium, 3 high.
    pub severity: i16,
    pub sensor: String,
    /// Empty: none.
    pub source_ip: String,
    pub source_port: Option<i32>,
    pub source_device_id: Option<Uuid>,
    /// Empty: none.
    pub destination_ip: String,
    pub destination_port: Option<i32>,
    pub destination_device_id: Option<Uuid>,
    /// The first addresses it went to, JSON.
    #[sea_orm(column_type = "Text")]
    pub destinations: String,
    /// Of all of them; empty as long as all are named.
    pub destination_sketch: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub protocol: String,
    pub first_at: DateTimeUtc,
    pub last_at: DateTimeUtc,
    pub event_count: i64,
    /// Of those, told; what nobody was told of is in no list.
    pub told_event_count: i64,
    pub told_at: Option<DateTimeUtc>,
    /// When to tell of the growth that waits.
    pub growth_due_at: Option<DateTimeUtc>,
    /// When its last event reached us.
    pub received_at: DateTimeUtc,
    /// Fingerprints of its last events, eight bytes each.
    pub remembered: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub raw_event: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Alerts {
    Internal:
        AlertId, SchoolId, GatewayId, SignatureId, Signature, Category, Severity, Sensor, SourcePort, DestinationPort, DestinationSketch,
        Protocol, FirstAt, LastAt, EventCount, ToldEventCount, ToldAt, GrowthDueAt, ReceivedAt, Remembered;
    Personal: SourceIp, SourceDeviceId, DestinationIp, DestinationDeviceId, Destinations;
    Special: RawEvent;
}}

/// The alerts that may take in the events of a batch: of each key the newest, then of each the one before it, up to [`MOST_KNOWN`]. Only a
/// sensor that tells of months in one batch comes so far; its oldest events then open alerts of their own. The school must be locked.
pub async fn load(txn: &Txn, school: SchoolId, fold: &AlertFold) -> StoreResult<Vec<Alert>> {
    const PLACE: &str = "place";
    let mut rows = Vec::new();
    for wanted in chunks(fold.wanted()) {
        let either = wanted.into_iter().fold(Condition::any(), |any, (AlertKey { signature_id, source }, reach)| {
            let is_of_key = Column::SourceIp.eq(ip_text(source)).and(Column::SignatureId.eq(signature_id.as_str()));
            any.add(is_of_key.and(Column::LastAt.gte(*reach.start())).and(Column::FirstAt.lte(*reach.end())))
        });
        let mut newest_first = WindowStatement::partition_by(Column::SourceIp);
        newest_first
            .add_partition_by(Expr::col(Column::SignatureId))
            .order_by(Column::LastAt, Order::Desc)
            .order_by(Column::AlertId, Order::Desc);
        let mut ranked = Query::select();
        ranked
            .column(Column::AlertId)
            .expr_window_as(Func::cust("ROW_NUMBER"), newest_first, PLACE)
            .from(Entity)
            .and_where(Column::SchoolId.eq(school.as_uuid()))
            .cond_where(either);
        let mut found = Query::select();
        found.column(Column::AlertId).from_subquery(ranked, "ranked").order_by(PLACE, Order::Asc).limit(MOST_KNOWN);
        rows.extend(Entity::find().filter(Column::AlertId.in_subquery(found)).all(&**txn).await?);
    }
    rows.into_iter().map(read).collect()
}

/// Writes alerts that are new or have grown. The school must be locked.
pub async fn save(txn: &Txn, changes: &[AlertChange]) -> StoreResult<()> {
    for some in chunks(changes.iter().map(|change| write(&change.alert))) {
        Entity::insert_many(some)
            .on_conflict(or_update::<Entity>(&[Column::SchoolId, Column::RawEvent]))
            .exec_without_returning(&**txn)
            .await?;
    }
    let taking_part = changes.iter().flat_map(|change| {
        let alert_id = change.alert.id.as_uuid();
        change.devices.iter().map(move |device| alert_device::ActiveModel { alert_id: Set(alert_id), device_id: Set(device.as_uuid()) })
    });
    for some in chunks(taking_part) {
        alert_device::Entity::insert_many(some).on_conflict(or_keep()).exec_without_returning(&**txn).await?;
    }
    Ok(())
}

fn or_keep() -> OnConflict {
    OnConflict::columns([alert_device::Column::AlertId, alert_device::Column::DeviceId]).do_nothing().to_owned()
}

/// Points the alerts of a device that turned out to be another at that other.
pub async fn repoint(txn: &Txn, from: DeviceId, into: DeviceId) -> StoreResult<()> {
    for column in [Column::SourceDeviceId, Column::DestinationDeviceId] {
        Entity::update_many().col_expr(column, into.as_uuid().into()).filter(column.eq(from.as_uuid())).exec(&**txn).await?;
    }
    use alert_device::Column::{AlertId, DeviceId};
    let alerts = alert_device::Entity::find().filter(DeviceId.eq(from.as_uuid())).all(&**txn).await?;
    for some in chunks(alerts.iter().map(|row| row.alert_id)) {
        let rows = some.iter().map(|alert| alert_device::ActiveModel { alert_id: Set(*alert), device_id: Set(into.as_uuid()) });
        alert_device::Entity::insert_many(rows).on_conflict(or_keep()).exec_without_returning(&**txn).await?;
        let gone = alert_device::Entity::delete_many().filter(AlertId.is_in(some)).filter(DeviceId.eq(from.as_uuid()));
        gone.exec(&**txn).await?;
    }
    Ok(())
}

/// An alert of a school within the caller's scope.
pub async fn find(connection: &impl ConnectionTrait, scope: &Scope<SchoolId>, school: SchoolId, id: AlertId) -> StoreResult<Option<Alert>> {
    let query = shown(scope).filter(Column::SchoolId.eq(school.as_uuid())).filter(Column::AlertId.eq(id.as_uuid()));
    query.one(connection).await?.map(read).transpose()
}

/// Alerts within the caller's scope, the one that happened last first. Raw events are read only on request: 16 KiB each.
pub async fn list(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    filter: &AlertFilter,
    include_raw_events: bool,
    paging: &Paging,
) -> StoreResult<Page<Alert>> {
    let mut query = shown(scope);
    if let Some(school) = filter.school {
        query = query.filter(Column::SchoolId.eq(school.as_uuid()));
    }
    if let Some(severity) = filter.min_severity {
        query = query.filter(Column::Severity.gte(severity.rank()));
    }
    if let Some(signature) = &filter.signature_id {
        query = query.filter(Column::SignatureId.eq(signature.as_str()));
    }
    if let Some(device) = filter.device {
        let alerts = Query::select()
            .column(alert_device::Column::AlertId)
            .from(alert_device::Entity)
            .and_where(alert_device::Column::DeviceId.eq(device.as_uuid()))
            .to_owned();
        query = query.filter(Column::AlertId.in_subquery(alerts));
    }
    if !include_raw_events {
        let others = Column::iter().filter(|column| !matches!(column, Column::RawEvent));
        query = query.select_only().columns(others).expr_as(Expr::cust("''"), Column::RawEvent.as_str());
    }
    paging.read(connection, query, [desc(Column::LastAt), desc(Column::AlertId)]).await?.try_map(read)
}

/// Schools with alerts whose growth is due, in the order of their ids.
pub async fn schools_with_growth_due(connection: &impl ConnectionTrait, now: DateTime<Utc>) -> StoreResult<Vec<SchoolId>> {
    let query = Entity::find().select_only().column(Column::SchoolId).distinct().filter(Column::GrowthDueAt.lte(now));
    let schools: Vec<Uuid> = query.order_by_asc(Column::SchoolId).into_tuple().all(connection).await?;
    Ok(schools.into_iter().map(Into::into).collect())
}

/// So many alerts of a school whose growth is due, that which waits longest first. The school must be locked.
pub async fn with_growth_due(txn: &Txn, school: SchoolId, now: DateTime<Utc>, at_most: u64) -> StoreResult<Vec<Alert>> {
    let query = Entity::find().filter(Column::SchoolId.eq(school.as_uuid())).filter(Column::GrowthDueAt.lte(now));
    let rows = query.order_by_asc(Column::GrowthDueAt).order_by_asc(Column::AlertId).limit(at_most).all(&**txn).await?;
    rows.into_iter().map(read).collect()
}

/// What a caller may see: alerts within their scope that somebody was told of.
fn shown(scope: &Scope<SchoolId>) -> Select<Entity> {
    within(Entity::find(), Column::SchoolId, scope).filter(Column::ToldEventCount.gt(0))
}

fn ip_text(ip: Option<std::net::IpAddr>) -> String {
    ip.map(|ip| ip.to_string()).unwrap_or_default()
}

fn write(alert: &Alert) -> ActiveModel {
    ActiveModel {
        alert_id: Set(alert.id.as_uuid()),
        school_id: Set(alert.school.as_uuid()),
        gateway_id: Set(alert.gateway.map(Uuid::from)),
        signature_id: Set(alert.signature_id.as_str().to_owned()),
        signature: Set(alert.signature.clone()),
        category: Set(alert.category.clone()),
        severity: Set(alert.severity.rank()),
        sensor: Set(alert.sensor.to_string()),
        source_ip: Set(ip_text(alert.source.ip)),
        source_port: Set(alert.source.port.map(i32::from)),
        source_device_id: Set(alert.source_device.map(Uuid::from)),
        destination_ip: Set(ip_text(alert.destination.ip)),
        destination_port: Set(alert.destination.port.map(i32::from)),
        destination_device_id: Set(alert.destination_device.map(Uuid::from)),
        destinations: Set(serde_json::json!(alert.destinations.named()).to_string()),
        destination_sketch: Set(alert.destinations.sketch_bytes()),
        protocol: Set(alert.protocol.clone()),
        first_at: Set(alert.first),
        last_at: Set(alert.last),
        event_count: Set(alert.event_count),
        told_event_count: Set(alert.told_event_count),
        told_at: Set(alert.told),
        growth_due_at: Set(alert.growth_due),
        received_at: Set(alert.received),
        remembered: Set(alert.remembered.to_bytes()),
        raw_event: Set(alert.raw_event.clone()),
    }
}

fn read(row: Model) -> StoreResult<Alert> {
    let unreadable = |what| StoreError::unreadable(what, "not one of ours");
    let endpoint = |what: &'static str, ip: &str, port: Option<i32>| -> StoreResult<Endpoint> {
        let ip = if ip.is_empty() { None } else { Some(address::parse(ip).ok_or_else(|| unreadable(what))?) };
        Ok(Endpoint { ip, port: port.and_then(|port| u16::try_from(port).ok()) })
    };
    Ok(Alert {
        id: row.alert_id.into(),
        school: row.school_id.into(),
        gateway: row.gateway_id.map(Into::into),
        signature_id: SignatureId::from_store(row.signature_id),
        signature: row.signature,
        category: row.category,
        severity: Severity::from_rank(row.severity),
        sensor: row.sensor.parse().map_err(|_| unreadable("alert.sensor"))?,
        source: endpoint("alert.source_ip", &row.source_ip, row.source_port)?,
        destination: endpoint("alert.destination_ip", &row.destination_ip, row.destination_port)?,
        source_device: row.source_device_id.map(Into::into),
        destination_device: row.destination_device_id.map(Into::into),
        destinations: Destinations::from_store(
            serde_json::from_str(&row.destinations).map_err(|error| StoreError::unreadable("alert.destinations", error))?,
            &row.destination_sketch,
        ),
        protocol: row.protocol,
        first: row.first_at,
        last: row.last_at,
        event_count: row.event_count,
        told_event_count: row.told_event_count,
        told: row.told_at,
        growth_due: row.growth_due_at,
        received: row.received_at,
        remembered: Remembered::from_bytes(&row.remembered),
        raw_event: row.raw_event,
    })
}
