//! Devices as pages show them: in an order, page by page, with figures.

use std::collections::{BTreeSet, HashMap};

use auth::Scope;
use chrono::{DateTime, NaiveDate, Utc};
use runtime::{DeviceId, SchoolId};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, JoinType, PaginatorTrait as _, QueryFilter as _, QuerySelect as _,
    QueryTrait as _, Select,
    sea_query::{Expr, ExprTrait as _, Func, Query, SimpleExpr},
};
use storage::{Page, Paging, Sort, StoreResult, asc, desc, holding, within};
use uuid::Uuid;

use super::{
    alert, alert_device,
    device::{self, of_school, with_details},
    device_day,
};
use crate::domain::{
    alert::{Alert, NamedAlert},
    device::Device,
};

/// Which devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    All,
    /// First seen at or after this moment.
    SeenFirstSince(DateTime<Utc>),
    /// Not seen at or after this moment.
    NotSeenSince(DateTime<Utc>),
    /// Seen at or after this moment.
    SeenSince(DateTime<Utc>),
    /// Taking part in an alert that was heard of at or after this moment.
    InAlertsSince(DateTime<Utc>),
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sorting {
    /// The last seen first.
    LastSeen,
    /// The newest first.
    FirstSeen,
    /// By name; devices without a name last.
    Name,
    /// The most used since this day first.
    Use(NaiveDate),
}

/// What is listed.
#[derive(Debug, Clone)]
pub struct Listing {
    pub school: SchoolId,
    /// Part of a name, an address or a vendor; empty: all.
    pub text: String,
    pub which: Which,
}

/// A page.
pub async fn list(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    listing: &Listing,
    sorting: Sorting,
    paging: &Paging,
) -> StoreResult<Page<Device>> {
    let by = match sorting {
        Sorting::LastSeen => desc(device::Column::LastSeenAt),
        Sorting::FirstSeen => desc(device::Column::FirstSeenAt),
        Sorting::Name => asc(device::Column::SortName),
        Sorting::Use(since) => Sort::computed(use_since(since)).reversed(),
    };
    let mut page = paging.read(connection, select(scope, listing), [by, asc(device::Column::DeviceId)]).await?;
    let devices = with_details(connection, std::mem::take(&mut page.rows), None).await?;
    Ok(page.with_rows(devices))
}

/// How many there are in all.
pub async fn count(connection: &impl ConnectionTrait, scope: &Scope<SchoolId>, listing: &Listing) -> StoreResult<u64> {
    Ok(select(scope, listing).count(connection).await?)
}

/// Quarter-hours of use by day, from a day on.
pub async fn week_of(
    connection: &impl ConnectionTrait,
    devices: &[DeviceId],
    since: NaiveDate,
) -> StoreResult<HashMap<DeviceId, Vec<(NaiveDate, i32)>>> {
    let rows = device_day::Entity::find()
        .filter(device_day::Column::DeviceId.is_in(devices.iter().map(|id| id.as_uuid())))
        .filter(device_day::Column::Day.gte(since))
        .all(connection)
        .await?;
    let mut weeks: HashMap<DeviceId, Vec<(NaiveDate, i32)>> = HashMap::new();
    for row in rows {
        weeks.entry(row.device_id.into()).or_default().push((row.day, row.slot_count));
    }
    Ok(weeks)
}

/// In how many open alerts each of these takes part.
pub async fn open_alerts_of(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    devices: &[DeviceId],
    since: DateTime<Utc>,
) -> StoreResult<HashMap<DeviceId, i64>> {
    use alert_device::Column::DeviceId;
    let open = within(with_alerts(), alert::Column::SchoolId, scope)
        .filter(alert::Column::ToldEventCount.gt(0))
        .filter(alert::Column::ReceivedAt.gte(since));
    let found: Vec<(Uuid, i64)> = open
        .filter(DeviceId.is_in(devices.iter().map(|id| id.as_uuid())))
        .select_only()
        .column(DeviceId)
        .column_as(DeviceId.count(), "alerts")
        .group_by(DeviceId)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.into_iter().map(|(device, alerts)| (device.into(), alerts)).collect())
}

/// Who takes part in alerts, beside the alerts.
fn with_alerts() -> Select<alert_device::Entity> {
    let alert = alert_device::Entity::belongs_to(alert::Entity).from(alert_device::Column::AlertId).to(alert::Column::AlertId);
    alert_device::Entity::find().join(JoinType::InnerJoin, alert.into())
}

/// Says what the devices of alerts call themselves.
pub async fn name_alerts(connection: &impl ConnectionTrait, scope: &Scope<SchoolId>, alerts: Vec<Alert>) -> StoreResult<Vec<NamedAlert>> {
    let devices: BTreeSet<Uuid> =
        alerts.iter().flat_map(|alert| [alert.source_device, alert.destination_device]).flatten().map(|id| id.as_uuid()).collect();
    let query = within(device::Entity::find(), device::Column::SchoolId, scope);
    let rows = query.filter(device::Column::DeviceId.is_in(devices)).all(connection).await?;
    let names: HashMap<DeviceId, Device> =
        with_details(connection, rows, None).await?.into_iter().map(|device| (device.id, device)).collect();
    let name_of = |device: Option<DeviceId>| names.get(&device?)?.own_name();
    let named = |alert: Alert| NamedAlert {
        source_name: name_of(alert.source_device).unwrap_or_default().to_owned(),
        destination_name: name_of(alert.destination_device).unwrap_or_default().to_owned(),
        alert,
    };
    Ok(alerts.into_iter().map(named).collect())
}

fn select(scope: &Scope<SchoolId>, listing: &Listing) -> Select<device::Entity> {
    let mut query = of_school(scope, listing.school);
    let text = listing.text.as_str();
    if !text.is_empty() {
        query = query.filter(holding(device::Column::SearchText, text));
    }
    match listing.which {
        Which::All => query,
        Which::SeenFirstSince(moment) => query.filter(device::Column::FirstSeenAt.gte(moment)),
        Which::SeenSince(moment) => query.filter(device::Column::LastSeenAt.gte(moment)),
        Which::NotSeenSince(moment) => query.filter(device::Column::LastSeenAt.lt(moment)),
        Which::InAlertsSince(moment) => {
            let taking_part = with_alerts()
                .filter(alert::Column::SchoolId.eq(listing.school.as_uuid()))
                .filter(alert::Column::ToldEventCount.gt(0))
                .filter(alert::Column::ReceivedAt.gte(moment))
                .select_only()
                .column(alert_device::Column::DeviceId)
                .into_query();
            query.filter(device::Column::DeviceId.in_subquery(taking_part))
        }
    }
}

/// Quarter-hours of use since a day, as something to sort by.
fn use_since(day: NaiveDate) -> SimpleExpr {
    let slots = Expr::col((device_day::Entity, device_day::Column::SlotCount)).sum();
    let sum = Query::select()
        .expr(Func::coalesce([slots, Expr::val(0)]))
        .from(device_day::Entity)
        .and_where(Expr::col((device_day::Entity, device_day::Column::DeviceId)).equals((device::Entity, device::Column::DeviceId)))
        .and_where(device_day::Column::Day.gte(day))
        .to_owned();
    SimpleExpr::SubQuery(None, Box::new(sum.into()))
}
