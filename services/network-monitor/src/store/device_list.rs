//! Devices as pages show them: in an order, page by page, with figures.

use std::collections::HashMap;

use auth::Scope;
use chrono::{DateTime, NaiveDate, Utc};
use runtime::{DeviceId, SchoolId};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QuerySelect as _, Select,
    sea_query::{Expr, ExprTrait as _, Func, Query, SelectStatement, SimpleExpr},
};
use storage::{Page, Paging, Sort, StoreResult, asc, desc, holding, within};
use uuid::Uuid;

use super::{
    alert,
    device::{self, of_school, with_details},
    device_day,
};
use crate::domain::device::Device;

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
        query = query.filter(holding(device::Column::SearchText, text));
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
