//! How many hold which function, counted by the database: a school may have thousands.

use std::collections::BTreeMap;

use auth::Function;
use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, FromQueryResult, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{CaseStatement, Expr, ExprTrait as _, Func, SimpleExpr},
};
use storage::{StoreError, StoreResult};

use super::{
    appointment::{Column, Entity, held_at},
    person,
};
use crate::domain::{Holders, PersonName};

#[derive(FromQueryResult)]
struct Row {
    function: String,
    people: i64,
    since: Option<DateTime<Utc>>,
    begun: i64,
    ended: i64,
}

/// Of each of these functions that somebody holds, or held after `since`: how many do now, and how many began and stopped after it.
pub async fn count(
    connection: &impl ConnectionTrait,
    functions: &[Function],
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> StoreResult<BTreeMap<Function, Holders>> {
    let has_begun = Column::StartTime.gt(since).and(Column::StartTime.lte(now));
    let has_ended = Column::Ends.lte(now);
    let first_of_now = Func::min(CaseStatement::new().case(held_at(now), Expr::col(Column::StartTime)));
    let query = Entity::find()
        .select_only()
        .column(Column::Function)
        .column_as(how_many(held_at(now)), "people")
        .column_as(SimpleExpr::from(first_of_now), "since")
        .column_as(how_many(has_begun), "begun")
        .column_as(how_many(has_ended), "ended")
        .filter(Column::Function.is_in(functions.iter().map(ToString::to_string)))
        .filter(Column::Ends.gt(since))
        .group_by(Column::Function);
    let rows: Vec<Row> = query.into_model().all(connection).await?;
    let read = |Row { function, people, since, begun, ended }| {
        let function = function.parse().map_err(|error| StoreError::unreadable("appointment.function", error))?;
        Ok((function, Holders { people, since, begun, ended }))
    };
    rows.into_iter().map(read).collect()
}

/// Who hold these functions now, by name. Ask it of functions that few hold.
pub async fn names(
    connection: &impl ConnectionTrait,
    functions: &[Function],
    now: DateTime<Utc>,
) -> StoreResult<BTreeMap<Function, Vec<PersonName>>> {
    let query = Entity::find().filter(Column::Function.is_in(functions.iter().map(ToString::to_string))).filter(held_at(now));
    let query = query.inner_join(person::Entity).order_by_asc(Column::SortKey).order_by_asc(Column::AppointmentId);
    let rows: Vec<(String, String)> =
        query.select_only().column(Column::Function).column(person::Column::Name).into_tuple().all(connection).await?;
    let mut names: BTreeMap<Function, Vec<PersonName>> = BTreeMap::new();
    for (function, name) in rows {
        let function = function.parse().map_err(|error| StoreError::unreadable("appointment.function", error))?;
        let name = name.as_str().try_into().map_err(|error| StoreError::unreadable("person.name", error))?;
        names.entry(function).or_default().push(name);
    }
    Ok(names)
}

fn how_many(condition: SimpleExpr) -> SimpleExpr {
    Func::sum(CaseStatement::new().case(condition, 1).finally(0)).into()
}
