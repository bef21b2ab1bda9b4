//! The queue: cases in an order people ask for, page by page, and the figures above it.
//!
//! Paging is by key: a page begins after the last row of the one before, whatever came or went meanwhile. Every order ends in
//! the case's id, so that no two rows are equal. Where a page ends is read from the row that ends it, as the store compared it: what
//! a replica of another release wrote may differ from what this one would have.

use auth::Scope;
use chrono::{DateTime, TimeDelta, Utc};
use runtime::{CaseId, PersonId, SchoolId};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult, Order, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QueryResult, QuerySelect as _, Select, Value,
    sea_query::{Expr, ExprTrait as _, Func, LikeExpr, Query, SimpleExpr},
};
use serde::{Deserialize, Serialize};
use storage::StoreResult;
use uuid::Uuid;

use super::{
    case::{CLOSED, is_open, read, within},
    entity::{
        evidence_key,
        incident_case::{Column, Entity, Model},
        school,
    },
};
use crate::domain::{
    alert::search_key,
    case::Case,
    phase::Phase,
    queue::{Assignment, CaseOrder, QueueFilter, QueueSummary},
};

/// Cases whose time counts for a median, at most: beyond this many in a week the newest are enough.
const MEDIAN_SAMPLE: u64 = 10_000;

/// Where a page ended: the values its last row is ordered by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    parts: Vec<KeyPart>,
    /// When the first page was read, microseconds since 1970: what was late then is late on all its pages.
    as_of_micros: i64,
}

impl Position {
    /// When the first page was read.
    pub fn as_of(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.as_of_micros).unwrap_or_default()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeyPart {
    Number(i64),
    /// Microseconds since 1970.
    Time(i64),
    Text(String),
    Id(Uuid),
}

impl KeyPart {
    fn time(moment: DateTime<Utc>) -> Self {
        Self::Time(moment.timestamp_micros())
    }

    fn value(&self) -> Value {
        match self {
            Self::Number(number) => (*number).into(),
            Self::Time(micros) => DateTime::from_timestamp_micros(*micros).unwrap_or_default().into(),
            Self::Text(text) => text.as_str().into(),
            Self::Id(id) => (*id).into(),
        }
    }
}

/// An order.
#[derive(Debug, Clone, Copy)]
pub struct QueueOrder {
    /// By what.
    pub by: CaseOrder,
    /// The other way round.
    pub reverse: bool,
    /// When the first page is read.
    pub as_of: DateTime<Utc>,
}

/// A case of a page.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The case.
    pub case: Case,
    /// Where a page ends that ends with it.
    pub position: Position,
}

/// A row with what the store ranked it by.
struct Row {
    case: Model,
    urgency: i32,
}

const URGENCY: &str = "urgency";

impl FromQueryResult for Row {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self { case: Model::from_query_result(row, prefix)?, urgency: row.try_get(prefix, URGENCY)? })
    }
}

/// A part of an order: what is compared, its direction, and its value in a row.
struct Sort {
    value: SimpleExpr,
    order: Order,
    part: fn(&Row) -> KeyPart,
}

fn sorts(QueueOrder { by: order, reverse, as_of }: QueueOrder) -> Vec<Sort> {
    use Order::{Asc, Desc};
    let by = |column, order, part: fn(&Row) -> KeyPart| Sort { value: Expr::col((Entity, column)), order, part };
    let urgency = || Sort { value: urgency(as_of), order: Asc, part: |row| KeyPart::Number(row.urgency.into()) };
    let queue = || by(Column::QueueAt, Asc, |row| KeyPart::time(row.case.queue_at));
    let id = || by(Column::CaseId, Asc, |row| KeyPart::Id(row.case.case_id));
    let mut sorts = match order {
        CaseOrder::Target => vec![urgency(), queue(), id()],
        CaseOrder::Severity => vec![by(Column::Severity, Desc, |row| KeyPart::Number(row.case.severity.into())), queue(), id()],
        CaseOrder::OpenTime => vec![by(Column::OpenedAt, Desc, |row| KeyPart::time(row.case.opened_at)), id()],
        CaseOrder::UpdateTime => vec![by(Column::UpdatedAt, Desc, |row| KeyPart::time(row.case.updated_at)), id()],
        CaseOrder::School => vec![by(Column::SchoolName, Asc, |row| KeyPart::Text(row.case.school_name.clone())), queue(), id()],
        CaseOrder::Reference => vec![
            by(Column::ReferenceYear, Asc, |row| KeyPart::Number(row.case.reference_year.into())),
            by(Column::ReferenceNumber, Asc, |row| KeyPart::Number(row.case.reference_number.into())),
        ],
        CaseOrder::Phase => vec![by(Column::Phase, Asc, |row| KeyPart::Number(row.case.phase.into())), queue(), id()],
        CaseOrder::Assignee => vec![by(Column::AssigneeName, Asc, |row| KeyPart::Text(row.case.assignee_name.clone())), queue(), id()],
    };
    if reverse {
        for sort in &mut sorts {
            sort.order = if sort.order == Asc { Desc } else { Asc };
        }
    }
    sorts
}

/// As clocks are shown: 0 late, 1 near, 2 neither. A case is as urgent as its most urgent clock; what is closed has none.
///
/// A target that a release before `*_soon_at` set is never near, only late.
fn urgency(as_of: DateTime<Utc>) -> SimpleExpr {
    let column = |column| Expr::col((Entity, column));
    let rank = |rank: i32| Expr::Constant(rank.into());
    let is_soon = |soon, by| Expr::expr(Func::coalesce([column(soon), column(by)])).lte(as_of);
    let is_late = column(Column::QueueAt).lt(as_of);
    let reaction_is_soon = column(Column::ReactedAt).is_null().and(is_soon(Column::ReactSoonAt, Column::ReactBy));
    let is_near = is_soon(Column::ResolveSoonAt, Column::ResolveBy).or(reaction_is_soon);
    Expr::case(is_open().not(), rank(2)).case(is_late, rank(0)).case(is_near, rank(1)).finally(rank(2)).into()
}

/// A page of the queue.
pub async fn list(
    connection: &impl ConnectionTrait,
    scope: &Scope,
    filter: &QueueFilter,
    order: QueueOrder,
    after: Option<&Position>,
    limit: u64,
) -> StoreResult<Vec<Placed>> {
    let sorts = sorts(order);
    let mut query = select(scope, filter).expr_as(urgency(order.as_of), URGENCY);
    if let Some(after) = after {
        query = query.filter(beyond(&sorts, after));
    }
    for sort in &sorts {
        query = query.order_by(sort.value.clone(), sort.order.clone());
    }
    let place = |row: Row| {
        let parts = sorts.iter().map(|sort| (sort.part)(&row)).collect();
        let position = Position { parts, as_of_micros: order.as_of.timestamp_micros() };
        Ok(Placed { case: read(row.case)?, position })
    };
    query.limit(limit).into_model::<Row>().all(connection).await?.into_iter().map(place).collect()
}

/// How many there are in all.
pub async fn count(connection: &impl ConnectionTrait, scope: &Scope, filter: &QueueFilter) -> StoreResult<u64> {
    Ok(select(scope, filter).count(connection).await?)
}

/// Everything after a position: later in the first part, or equal there and later in the second, and so on.
fn beyond(sorts: &[Sort], after: &Position) -> Condition {
    let mut beyond = Condition::any();
    let mut equal_so_far = Condition::all();
    for (sort, part) in sorts.iter().zip(&after.parts) {
        let later: SimpleExpr = match sort.order {
            Order::Desc => sort.value.clone().lt(part.value()),
            _ => sort.value.clone().gt(part.value()),
        };
        beyond = beyond.add(equal_so_far.clone().add(later));
        equal_so_far = equal_so_far.add(sort.value.clone().eq(part.value()));
    }
    beyond
}

fn select(scope: &Scope, filter: &QueueFilter) -> Select<Entity> {
    let mut query = within(Entity::find(), scope);
    // Also where the phases say so: only words that an index has in its condition let the store use it.
    let none_closed = filter.phases.iter().all(Option::is_some);
    if none_closed {
        query = query.filter(is_open());
    }
    if !filter.phases.is_empty() {
        query = query.filter(Column::Phase.is_in(filter.phases.iter().map(|phase| phase.map_or(CLOSED, Phase::number))));
    }
    if let Some(severity) = filter.min_severity {
        query = query.filter(Column::Severity.gte(severity.level()));
    }
    query = match filter.assignment {
        Assignment::Anybody => query,
        Assignment::Nobody => query.filter(Column::AssigneeId.is_null()),
        Assignment::Person(person) => query.filter(Column::AssigneeId.eq(person.as_uuid())),
    };
    if let Some(school) = filter.school {
        query = query.filter(Column::SchoolId.eq(SchoolId::as_uuid(school)));
    }
    if !filter.cases.is_empty() {
        query = query.filter(Column::CaseId.is_in(filter.cases.iter().copied().map(CaseId::as_uuid)));
    }
    if let Some(moment) = filter.opened_after {
        query = query.filter(Column::OpenedAt.gt(moment));
    }
    if filter.text.is_empty() { query } else { query.filter(holds(&filter.text)) }
}

/// The words of a case or the name of its school hold this text, or its evidence has a device of exactly this address or name.
fn holds(text: &str) -> Condition {
    let pattern = || {
        let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        LikeExpr::new(format!("%{escaped}%")).escape('\\')
    };
    let schools = Query::select()
        .column(school::Column::SchoolId)
        .from(school::Entity)
        .and_where(Expr::col(school::Column::SearchText).like(pattern()))
        .to_owned();
    let with_device = Query::select()
        .column(evidence_key::Column::CaseId)
        .from(evidence_key::Entity)
        .and_where(evidence_key::Column::SearchKey.eq(search_key(text)))
        .to_owned();
    Condition::any()
        .add(Expr::col((Entity, Column::SearchText)).like(pattern()))
        .add(Column::SchoolId.in_subquery(schools))
        .add(Column::CaseId.in_subquery(with_device))
}

/// The figures above the queue.
pub async fn summarize(
    connection: &impl ConnectionTrait,
    scope: &Scope,
    me: Option<PersonId>,
    now: DateTime<Utc>,
    today: DateTime<Utc>,
) -> StoreResult<QueueSummary> {
    let is_late = || is_open().and(Expr::col(Column::QueueAt).lt(now));
    let nobody_has_it = || is_open().and(Expr::col(Column::AssigneeId).is_null());
    let is_mine = me.map_or(Expr::val(1).eq(0), |me| is_open().and(Expr::col(Column::AssigneeId).eq(me.as_uuid())));
    let figures: [SimpleExpr; 6] =
        [is_open(), Expr::col(Column::OpenedAt).gte(today), nobody_has_it(), nobody_has_it().and(is_late()), is_mine, is_late()];
    let mut query = within(Entity::find(), scope).select_only();
    // Beyond what is open, only today's matter: closed cases of years are not counted one by one.
    query = query.filter(Condition::any().add(is_open()).add(Expr::col(Column::OpenedAt).gte(today)));
    for figure in figures {
        query = query.expr(count_of(figure));
    }
    let counts: Option<(i64, i64, i64, i64, i64, i64)> = query.into_tuple().one(connection).await?;
    let (open, opened_today, unassigned, unassigned_late, mine, late) = counts.unwrap_or_default();

    let week_ago = now - TimeDelta::days(7);
    let reacted = within(Entity::find(), scope).filter(Column::ReactedAt.gte(week_ago)).order_by_desc(Column::ReactedAt);
    let reactions = durations(connection, reacted, Column::ReactedAt).await?;
    let closed = within(Entity::find(), scope)
        .filter(Column::Phase.eq(CLOSED))
        .filter(Column::UpdatedAt.gte(week_ago))
        .filter(Column::PhaseAt.gte(week_ago))
        .order_by_desc(Column::UpdatedAt);
    let resolutions = durations(connection, closed, Column::PhaseAt).await?;
    Ok(QueueSummary {
        open,
        opened_today,
        unassigned,
        unassigned_late,
        mine,
        late,
        median_reaction: median(reactions),
        median_resolution: median(resolutions),
    })
}

fn count_of(condition: SimpleExpr) -> SimpleExpr {
    // COUNT skips NULL, which is what CASE gives without ELSE; SUM would be NULL over no rows.
    Expr::expr(Expr::case(condition, 1)).count()
}

async fn durations(connection: &impl ConnectionTrait, query: Select<Entity>, end: Column) -> StoreResult<Vec<TimeDelta>> {
    let rows: Vec<(DateTime<Utc>, DateTime<Utc>)> =
        query.select_only().column(Column::OpenedAt).column(end).limit(MEDIAN_SAMPLE).into_tuple().all(connection).await?;
    Ok(rows.into_iter().map(|(begin, end)| end - begin).collect())
}

/// The middle one; of an even number, the earlier of the two in the middle.
fn median(mut durations: Vec<TimeDelta>) -> Option<TimeDelta> {
    durations.sort_unstable();
    let middle = durations.len().checked_sub(1)? / 2;
    durations.get(middle).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        let of = |seconds: &[i64]| median(seconds.iter().copied().map(TimeDelta::seconds).collect()).map(|delta| delta.num_seconds());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[5]), Some(5));
        assert_eq!(of(&[9, 1]), Some(1));
        assert_eq!(of(&[900, 1, 5]), Some(5));
    }

    #[test]
    fn every_order_tells_all_rows_apart() {
        use CaseOrder::{Assignee, OpenTime, Phase, Reference, School, Severity, Target, UpdateTime};
        let sorts = |by| sorts(QueueOrder { by, reverse: false, as_of: DateTime::UNIX_EPOCH });
        for order in [Target, Severity, OpenTime, UpdateTime, School, Phase, Assignee] {
            let last = sorts(order).pop().map(|sort| sort.value);
            assert_eq!(last, Some(Expr::col((Entity, Column::CaseId))), "{order:?}");
        }
        assert_eq!(sorts(Reference).len(), 2, "a reference is unique by itself");
    }
}
