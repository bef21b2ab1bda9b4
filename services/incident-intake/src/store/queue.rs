//! The queue: cases in an order people ask for, page by page, and the figures above it.

use auth::Scope;
use chrono::{DateTime, TimeDelta, Utc};
use runtime::{CaseId, PersonId, SchoolId};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
    sea_query::{Expr, ExprTrait as _, Query, SimpleExpr},
};
use storage::{Page, Paging, Sort, StoreResult, asc, desc, holding, within};

use super::{
    case::{CLOSED, Column, Entity, is_open, read},
    evidence_key, school,
};
use crate::domain::{
    alert::search_key,
    case::Case,
    phase::Phase,
    queue::{Assignment, CaseOrder, QueueFilter, QueueSummary},
};

/// Cases whose time counts for a median, at most: beyond this many in a week the newest are enough.
const MEDIAN_SAMPLE: u64 = 10_000;

/// An order, by what is known when the first page is read.
#[derive(Debug, Clone, Copy)]
pub struct QueueOrder {
    pub by: CaseOrder,
    /// The other way round.
    pub reverse: bool,
    /// When the first page is read.
    pub as_of: DateTime<Utc>,
}

fn sorts(QueueOrder { by, reverse, as_of }: QueueOrder) -> Vec<Sort> {
    use Column::{AssigneeName, CaseId, OpenedAt, Phase, QueueAt, ReferenceNumber, ReferenceYear, SchoolName, Severity, UpdatedAt};
    let sorts = match by {
        CaseOrder::Target => vec![Sort::computed(urgency(as_of)), asc(QueueAt), asc(CaseId)],
        CaseOrder::Severity => vec![desc(Severity), asc(QueueAt), asc(CaseId)],
        CaseOrder::OpenTime => vec![desc(OpenedAt), asc(CaseId)],
        CaseOrder::UpdateTime => vec![desc(UpdatedAt), asc(CaseId)],
        CaseOrder::School => vec![asc(SchoolName), asc(QueueAt), asc(CaseId)],
        // A reference is unique by itself.
        CaseOrder::Reference => vec![asc(ReferenceYear), asc(ReferenceNumber)],
        CaseOrder::Phase => vec![asc(Phase), asc(QueueAt), asc(CaseId)],
        CaseOrder::Assignee => vec![asc(AssigneeName), asc(QueueAt), asc(CaseId)],
    };
    if reverse { sorts.into_iter().map(Sort::reversed).collect() } else { sorts }
}

/// As clocks are shown: 0 late, 1 near, 2 neither. A case is as urgent as its most urgent clock; what is closed has none.
fn urgency(as_of: DateTime<Utc>) -> SimpleExpr {
    let column = |column| Expr::col((Entity, column));
    let rank = |rank: i32| Expr::Constant(rank.into());
    let is_late = column(Column::QueueAt).lt(as_of);
    let reaction_is_soon = column(Column::ReactedAt).is_null().and(column(Column::ReactSoonAt).lte(as_of));
    let is_near = column(Column::ResolveSoonAt).lte(as_of).or(reaction_is_soon);
    Expr::case(is_open().not(), rank(2)).case(is_late, rank(0)).case(is_near, rank(1)).finally(rank(2)).into()
}

/// A page of the queue.
pub async fn list(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    filter: &QueueFilter,
    order: QueueOrder,
    paging: &Paging,
) -> StoreResult<Page<Case>> {
    paging.read(connection, select(scope, filter), sorts(order)).await?.try_map(read)
}

fn select(scope: &Scope<SchoolId>, filter: &QueueFilter) -> Select<Entity> {
    let mut query = within(Entity::find(), Column::SchoolId, scope);
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
    let schools = Query::select()
        .column(school::Column::SchoolId)
        .from(school::Entity)
        .and_where(holding(school::Column::SearchText, text))
        .to_owned();
    let with_device = Query::select()
        .column(evidence_key::Column::CaseId)
        .from(evidence_key::Entity)
        .and_where(evidence_key::Column::SearchKey.eq(search_key(text)))
        .to_owned();
    Condition::any()
        .add(holding(Column::SearchText, text))
        .add(Column::SchoolId.in_subquery(schools))
        .add(Column::CaseId.in_subquery(with_device))
}

/// The figures above the queue.
pub async fn summarize(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    me: Option<PersonId>,
    now: DateTime<Utc>,
    today: DateTime<Utc>,
) -> StoreResult<QueueSummary> {
    let is_late = || is_open().and(Expr::col(Column::QueueAt).lt(now));
    let nobody_has_it = || is_open().and(Expr::col(Column::AssigneeId).is_null());
    let is_mine = me.map_or(Expr::val(1).eq(0), |me| is_open().and(Expr::col(Column::AssigneeId).eq(me.as_uuid())));
    let figures: [SimpleExpr; 6] =
        [is_open(), Expr::col(Column::OpenedAt).gte(today), nobody_has_it(), nobody_has_it().and(is_late()), is_mine, is_late()];
    let mut query = within(Entity::find(), Column::SchoolId, scope).select_only();
    // Beyond what is open, only today's matter: closed cases of years are not counted one by one.
    query = query.filter(Condition::any().add(is_open()).add(Expr::col(Column::OpenedAt).gte(today)));
    for figure in figures {
        query = query.expr(count_of(figure));
    }
    let counts: Option<(i64, i64, i64, i64, i64, i64)> = query.into_tuple().one(connection).await?;
    let (open, opened_today, unassigned, unassigned_late, mine, late) = counts.unwrap_or_default();

    let week_ago = now - TimeDelta::days(7);
    let reacted = within(Entity::find(), Column::SchoolId, scope).filter(Column::ReactedAt.gte(week_ago)).order_by_desc(Column::ReactedAt);
    let reactions = durations(connection, reacted, Column::ReactedAt).await?;
    let closed = within(Entity::find(), Column::SchoolId, scope)
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
            assert_eq!(sorts(order).pop(), Some(asc(Column::CaseId)), "{order:?}");
        }
        assert_eq!(sorts(Reference).len(), 2, "a reference is unique by itself");
    }
}
