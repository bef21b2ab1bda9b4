//! Devices as pages show them: in an order, page by page, with figures.
//!
//! Paging is by key: a page begins after the last row of the one before. Every order ends in the device's id.

use std::collections::HashMap;

use auth::Scope;
use chrono::{DateTime, Days, NaiveDate, Utc};
use runtime::{DeviceId, SchoolId};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, Order, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select, Value,
    sea_query::{Expr, ExprTrait as _, Func, Query, SelectStatement, SimpleExpr},
};
use serde::{Deserialize, Serialize};
use storage::StoreResult;
use uuid::Uuid;

use super::{
    device::{of_school, with_details},
    entity::{alert, device, device_day},
    holding, within,
};
use crate::domain::device::Device;

/// Which devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
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
    /// Of this school.
    pub school: SchoolId,
    /// Part of a name, an address or a vendor; empty: all.
    pub text: String,
    /// Which.
    pub which: Which,
}

/// Where a page ended: the value its last row is ordered by, and its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position(Sorted, Uuid);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sorted {
    /// Microseconds since 1970.
    Time(i64),
    Text(String),
    Number(i64),
}

impl Sorted {
    fn time(moment: DateTime<Utc>) -> Self {
        Self::Time(moment.timestamp_micros())
    }

    fn value(&self) -> Value {
        match self {
            Self::Time(micros) => DateTime::from_timestamp_micros(*micros).unwrap_or_default().into(),
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
        }
    }
}

/// A page, with the position after each device on it.
pub async fn list(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    listing: &Listing,
    sorting: Sorting,
    after: Option<&Position>,
    limit: u64,
) -> StoreResult<Vec<(Device, Position)>> {
    let (sorted, order) = match sorting {
        Sorting::LastSeen => (Expr::col((device::Entity, device::Column::LastSeenAt)), Order::Desc),
        Sorting::FirstSeen => (Expr::col((device::Entity, device::Column::FirstSeenAt)), Order::Desc),
        Sorting::Name => (Expr::col((device::Entity, device::Column::SortName)), Order::Asc),
        Sorting::Use(since) => (use_since(since), Order::Desc),
    };
    let id = Expr::col((device::Entity, device::Column::DeviceId));
    let mut query = select(scope, listing);
    if let Some(Position(value, last)) = after {
        let later = if order == Order::Desc { sorted.clone().lt(value.value()) } else { sorted.clone().gt(value.value()) };
        let same_but_later = Condition::all().add(sorted.clone().eq(value.value())).add(id.clone().gt(*last));
        query = query.filter(Condition::any().add(later).add(same_but_later));
    }
    let rows = query.order_by(sorted, order).order_by(id, Order::Asc).limit(limit).all(connection).await?;
    let names: HashMap<Uuid, String> = rows.iter().map(|row| (row.device_id, row.sort_name.clone())).collect();
    let days = match sorting {
        // Events are never later than their receipt, so no use lies further on.
        Sorting::Use(since) => since.checked_add_days(Days::new(366)).map(|until| since..=until),
        Sorting::LastSeen | Sorting::FirstSeen | Sorting::Name => None,
    };
    let devices = with_details(connection, rows, days.as_ref()).await?;
    let positions = devices.into_iter().map(|device| {
        let value = match sorting {
            Sorting::LastSeen => Sorted::time(device.last_seen),
            Sorting::FirstSeen => Sorted::time(device.first_seen),
            Sorting::Name => Sorted::Text(names.get(&device.id.as_uuid()).cloned().unwrap_or_default()),
            Sorting::Use(_) => Sorted::Number(device.days.values().map(|slots| i64::from(slots.count())).sum()),
        };
        let position = Position(value, device.id.as_uuid());
        (device, position)
    });
    Ok(positions.collect())
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
    let mut counts: HashMap<DeviceId, i64> = HashMap::new();
    let ids: Vec<Uuid> = devices.iter().map(|id| id.as_uuid()).collect();
    for (column, not_counted_yet) in [
        (alert::Column::SourceDeviceId, None),
        // An alert between a device and itself was counted with its source.
        (alert::Column::DestinationDeviceId, Some(differs_from_source())),
    ] {
        let mut query = open(scope, since).filter(column.is_in(ids.iter().copied()));
        if let Some(condition) = not_counted_yet {
            query = query.filter(condition);
        }
        let found: Vec<(Uuid, i64)> = query
            .select_only()
            .column(column)
            .column_as(alert::Column::AlertId.count(), "alerts")
            .group_by(column)
            .into_tuple()
            .all(connection)
            .await?;
        for (device, alerts) in found {
            *counts.entry(device.into()).or_default() += alerts;
        }
    }
    Ok(counts)
}

fn differs_from_source() -> Condition {
    let source = || Expr::col((alert::Entity, alert::Column::SourceDeviceId));
    let destination = Expr::col((alert::Entity, alert::Column::DestinationDeviceId));
    Condition::any().add(source().is_null()).add(source().ne(destination))
}

fn open(scope: &Scope<SchoolId>, since: DateTime<Utc>) -> Select<alert::Entity> {
    within(alert::Entity::find(), alert::Column::SchoolId, scope)
        .filter(alert::Column::ToldEventCount.gt(0))
        .filter(alert::Column::ReceivedAt.gte(since))
}

/// What devices call themselves; those without a name are left out.
pub async fn names_of(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    devices: &[DeviceId],
) -> StoreResult<HashMap<DeviceId, String>> {
    let query = within(device::Entity::find(), device::Column::SchoolId, scope);
    let rows = query.filter(device::Column::DeviceId.is_in(devices.iter().map(|id| id.as_uuid()))).all(connection).await?;
    let devices = with_details(connection, rows, None).await?;
    Ok(devices.into_iter().filter_map(|device| Some((device.id, device.own_name()?.to_owned()))).collect())
}

fn select(scope: &Scope<SchoolId>, listing: &Listing) -> Select<device::Entity> {
    let mut query = of_school(scope, listing.school);
    let text = listing.text.as_str();
    if !text.is_empty() {
        query = query.filter(Expr::col((device::Entity, device::Column::SearchText)).like(holding(text)));
    }
    match listing.which {
        Which::All => query,
        Which::SeenFirstSince(moment) => query.filter(device::Column::FirstSeenAt.gte(moment)),
        Which::SeenSince(moment) => query.filter(device::Column::LastSeenAt.gte(moment)),
        Which::NotSeenSince(moment) => query.filter(device::Column::LastSeenAt.lt(moment)),
        Which::InAlertsSince(moment) => {
            let devices_in = |column: alert::Column| -> SelectStatement {
                Query::select()
                    .column((alert::Entity, column))
                    .from(alert::Entity)
                    .and_where(alert::Column::SchoolId.eq(listing.school.as_uuid()))
                    .and_where(alert::Column::ToldEventCount.gt(0))
                    .and_where(alert::Column::ReceivedAt.gte(moment))
                    .and_where(column.is_not_null())
                    .to_owned()
            };
            let either = [alert::Column::SourceDeviceId, alert::Column::DestinationDeviceId];
            let conditions = either.into_iter().map(|column| device::Column::DeviceId.in_subquery(devices_in(column)));
            query.filter(conditions.fold(Condition::any(), Condition::add))
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
