//! What counts towards a threshold: sightings, and the alerts they are of, until a case opens or the window has passed.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use runtime::{AlertId, EventId, SchoolId};
use sea_orm::{
    ActiveValue::{Set, Unchanged},
    Condition,
    entity::prelude::*,
    sea_query::Query,
};
use storage::{StoreResult, Txn, or_update};

use super::{from_column, from_json, sighting, to_column, to_json};
use crate::domain::{
    alert::{Alert, AlertNews},
    threshold::Sighting,
};

/// Table `waiting_alert`. Alerts that count towards a threshold, as last heard of.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "waiting_alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub alert_id: Uuid,
    /// JSON of the alert.
    pub alert: String,
    pub heard_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Thresholds {
    Internal: AlertId, HeardAt;
    Special: Alert;
}}

/// Where sightings are counted together.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub school_id: SchoolId,
    pub class_id: &'a str,
}

/// A window holds at most so many sightings of one alert: what happened within one of these steps counts at its last moment. A
/// sensor that speaks every second would otherwise fill the table.
const STEPS_IN_A_WINDOW: i32 = 20;

/// What is counted in.
#[derive(Debug)]
pub struct Counted<'a> {
    /// Minted by the use case.
    pub id: EventId,
    /// What was heard.
    pub news: &'a AlertNews,
    /// As the threshold counts it.
    pub sighting: Sighting,
    /// When it was heard.
    pub heard_at: DateTime<Utc>,
}

/// Counts news of an alert in.
pub async fn add(txn: &Txn, place: Place<'_>, window: TimeDelta, counted: Counted<'_>) -> StoreResult<()> {
    let Counted { id, news, sighting, heard_at } = counted;
    let alert = ActiveModel {
        alert_id: Set(news.alert.id.as_uuid()),
        alert: Set(to_json("waiting_alert.alert", &news.alert)?),
        heard_at: Set(heard_at),
    };
    Entity::insert(alert).on_conflict(or_update::<Entity>(&[])).exec_without_returning(&**txn).await?;
    if let Some(row) = find_in_step(txn, place, window, sighting).await? {
        let more = sighting::ActiveModel {
            sighting_id: Unchanged(row.sighting_id),
            at: Set(row.at.max(sighting.at)),
            events: Set(row.events.saturating_add(to_column(news.new_events))),
            counted: Set(row.counted.saturating_add(to_column(sighting.events))),
            heard_at: Set(heard_at),
            ..Default::default()
        };
        more.update(&**txn).await?;
        return Ok(());
    }
    let row = sighting::ActiveModel {
        sighting_id: Set(id.into()),
        school_id: Set(place.school_id.as_uuid()),
        class_id: Set(place.class_id.to_owned()),
        alert_id: Set(sighting.alert_id.as_uuid()),
        at: Set(sighting.at),
        events: Set(to_column(news.new_events)),
        counted: Set(to_column(sighting.events)),
        heard_at: Set(heard_at),
    };
    sighting::Entity::insert(row).exec_without_returning(&**txn).await?;
    Ok(())
}

/// The sighting of the same alert in the same step of the window. Steps begin at fixed moments, so that one cannot be drawn out
/// for ever.
async fn find_in_step(txn: &Txn, place: Place<'_>, window: TimeDelta, sighting: Sighting) -> StoreResult<Option<sighting::Model>> {
    let step = (window / STEPS_IN_A_WINDOW).max(TimeDelta::seconds(1));
    let since_step_began = sighting.at.timestamp().rem_euclid(step.num_seconds());
    let step_began = DateTime::from_timestamp(sighting.at.timestamp() - since_step_began, 0).unwrap_or(sighting.at);
    let row = sighting::Entity::find()
        .filter(of(place))
        .filter(sighting::Column::AlertId.eq(sighting.alert_id.as_uuid()))
        .filter(sighting::Column::At.gte(step_began))
        .filter(sighting::Column::At.lt(step_began + TimeDelta::seconds(step.num_seconds())))
        .one(&**txn)
        .await?;
    Ok(row)
}

/// What was sighted around a moment.
#[derive(Debug, Default)]
pub struct Neighbourhood {
    /// As thresholds count.
    pub sightings: Vec<Sighting>,
    /// Events as sensors reported them, by alert.
    events: BTreeMap<AlertId, u64>,
}

/// Everything less than the window away from a moment: nothing else can matter for what happened then.
pub async fn around(txn: &Txn, place: Place<'_>, moment: DateTime<Utc>, window: TimeDelta) -> StoreResult<Neighbourhood> {
    let mut found = Neighbourhood::default();
    for row in sighting::Entity::find().filter(condition(place, moment, window)).all(&**txn).await? {
        let alert_id = AlertId::from(row.alert_id);
        let counted = from_column("sighting.counted", row.counted)?;
        found.sightings.push(Sighting { alert_id, at: row.at, events: counted });
        *found.events.entry(alert_id).or_default() += from_column("sighting.events", row.events)?;
    }
    Ok(found)
}

/// Takes the sightings of a neighbourhood away, since a case has them now, and answers their alerts; those without an alert any
/// more are left out. An alert that was also sighted at another time goes on waiting: a case that counts this must have it too.
pub async fn take(
    txn: &Txn,
    place: Place<'_>,
    moment: DateTime<Utc>,
    window: TimeDelta,
    found: &Neighbourhood,
) -> StoreResult<Vec<AlertNews>> {
    let ids: Vec<_> = found.events.keys().map(|id| id.as_uuid()).collect();
    let rows = Entity::find().filter(Column::AlertId.is_in(ids.clone())).all(&**txn).await?;
    let mut news = Vec::with_capacity(rows.len());
    for row in rows {
        let alert: Alert = from_json("waiting_alert.alert", &row.alert)?;
        let new_events = found.events.get(&alert.id).copied().unwrap_or_default();
        news.push(AlertNews { alert, first: false, new_events });
    }
    news.sort_by_key(|news| (news.alert.last_at, news.alert.id));
    sighting::Entity::delete_many().filter(condition(place, moment, window)).exec(&**txn).await?;
    let sighted_elsewhere = Query::select()
        .column(sighting::Column::AlertId)
        .from(sighting::Entity)
        .and_where(sighting::Column::AlertId.is_in(ids.clone()))
        .to_owned();
    Entity::delete_many()
        .filter(Column::AlertId.is_in(ids))
        .filter(Column::AlertId.not_in_subquery(sighted_elsewhere))
        .exec(&**txn)
        .await?;
    Ok(news)
}

/// Forgets what was heard before a moment. Answers how many sightings.
pub async fn prune(txn: &Txn, before: DateTime<Utc>) -> StoreResult<u64> {
    let removed = sighting::Entity::delete_many().filter(sighting::Column::HeardAt.lt(before)).exec(&**txn).await?;
    Entity::delete_many().filter(Column::HeardAt.lt(before)).exec(&**txn).await?;
    Ok(removed.rows_affected)
}

fn condition(place: Place<'_>, moment: DateTime<Utc>, window: TimeDelta) -> Condition {
    of(place).add(sighting::Column::At.gt(moment - window)).add(sighting::Column::At.lt(moment + window))
}

fn of(place: Place<'_>) -> Condition {
    Condition::all().add(sighting::Column::SchoolId.eq(place.school_id.as_uuid())).add(sighting::Column::ClassId.eq(place.class_id))
}
