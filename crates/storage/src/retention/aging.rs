//! How the rows of a table grow old, and how those whose period is over go.

use auth::Context;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use futures::future::BoxFuture;
use runtime::Result;
use sea_orm::{
    Condition, ConnectionTrait, IdenStatic as _, Iterable as _, PrimaryKeyToColumn as _,
    sea_query::{
        Alias, Asterisk, Expr, ExprTrait as _, Func, IntoCondition, LockBehavior, LockType, Order, Query, SelectStatement, SimpleExpr,
    },
};
use uuid::Uuid;

use super::hold::Held;
use crate::{
    StoreError, StoreResult, Txn,
    classified::{Class, Classified},
};

/// Rows that go in one transaction: some tens of milliseconds, since on SQLite others wait meanwhile.
const BATCH: u64 = 5_000;
/// Of rows that others hang on.
const SMALL_BATCH: u64 = 500;

/// Removes the rows with these ids and what hangs on them, within the transaction.
pub type BoxedRemoval = for<'a> fn(&'a Txn, &'a Context, Vec<Uuid>) -> BoxFuture<'a, Result<()>>;

/// Locks what guards the rows with these ids until the transaction ends.
pub type BoxedGuard = for<'a> fn(&'a Txn, &'a [Uuid]) -> BoxFuture<'a, StoreResult<()>>;

/// How the rows of a table grow old.
#[derive(Debug, Clone)]
pub struct Aging {
    class: Class,
    table: &'static str,
    with: Vec<&'static str>,
    key: Vec<&'static str>,
    since: SimpleExpr,
    by_day: bool,
    only: Condition,
    held: fn(&Held) -> Condition,
    guard: Option<BoxedGuard>,
    removal: Option<BoxedRemoval>,
}

/// Rows whose period is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overdue {
    pub rows: u64,
    /// Of those, on hold.
    pub held: u64,
    /// When the oldest of them began to age.
    pub oldest: Option<DateTime<Utc>>,
}

impl Aging {
    /// Rows that age from the moment in `since`, and of which those that `held` names stay.
    pub fn of<E: Classified>(entity: E, since: impl Into<SimpleExpr>, held: fn(&Held) -> Condition) -> Self {
        Self {
            class: E::CLASS,
            table: entity.table_name(),
            with: Vec::new(),
            key: E::PrimaryKey::iter().map(|key| key.into_column().as_str()).collect(),
            since: since.into(),
            by_day: false,
            only: Condition::all(),
            held,
            guard: None,
            removal: None,
        }
    }

    /// `since` is a day. It goes when it is wholly past in UTC, so some hours late elsewhere.
    #[must_use]
    pub fn by_day(self) -> Self {
        Self { by_day: true, ..self }
    }

    /// Other rows do not age.
    #[must_use]
    pub fn only(self, condition: impl IntoCondition) -> Self {
        Self { only: self.only.add(condition.into_condition()), ..self }
    }

    /// Tables whose rows go with those of this one.
    #[must_use]
    pub fn with(self, tables: &[&'static str]) -> Self {
        Self { with: tables.to_vec(), ..self }
    }

    /// A writer of these rows locks something else first, and so does the removal. Their key is one UUID.
    #[must_use]
    pub fn guarded_by(self, guard: BoxedGuard) -> Self {
        Self { guard: Some(guard), ..self }
    }

    /// What hangs on the rows is removed by this, and so are they. Their key is one UUID.
    #[must_use]
    pub fn removed_by(self, removal: BoxedRemoval) -> Self {
        Self { removal: Some(removal), ..self }
    }

    pub const fn class(&self) -> Class {
        self.class
    }

    pub const fn table(&self) -> &'static str {
        self.table
    }

    /// All tables that lose rows.
    pub fn tables(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.table).chain(self.with.iter().copied())
    }

    /// Rows that are removed at once, at most.
    pub const fn batch(&self) -> u64 {
        if self.removal.is_some() || self.guard.is_some() { SMALL_BATCH } else { BATCH }
    }

    /// Counts the rows that began to age before a moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn overdue(&self, connection: &impl ConnectionTrait, before: DateTime<Utc>, held: &Held) -> StoreResult<Overdue> {
        let count = |over: Condition| {
            let mut query = self.select();
            query.expr_as(Func::count(Expr::col(Asterisk)), "rows").expr_as(Func::min(self.since.clone()), "oldest");
            query.cond_where(over).to_owned()
        };
        let all = connection.query_one(&count(self.over(before))).await?;
        let on_hold = connection.query_one(&count(self.over(before).add(self.on_hold(held)))).await?;
        let rows = |row: &Option<sea_orm::QueryResult>| -> StoreResult<u64> {
            let rows: i64 = row.as_ref().map(|row| row.try_get("", "rows")).transpose()?.unwrap_or_default();
            u64::try_from(rows).map_err(|error| StoreError::unreadable(self.table, error))
        };
        let oldest = match &all {
            Some(row) if self.by_day => row.try_get::<Option<NaiveDate>>("", "oldest")?.map(|day| day.and_time(NaiveTime::MIN).and_utc()),
            Some(row) => row.try_get("", "oldest")?,
            None => None,
        };
        Ok(Overdue { rows: rows(&all)?, held: rows(&on_hold)?, oldest })
    }

    /// Whether there are rows that a hold on this keeps, however young they are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn has_rows_of(&self, connection: &impl ConnectionTrait, held: &Held) -> StoreResult<bool> {
        let mut one = self.select();
        one.expr(Expr::val(1)).cond_where(self.on_hold(held)).limit(1);
        Ok(connection.query_one(&one).await?.is_some())
    }

    /// Removes rows that began to age before a moment and are not on hold, oldest first, one batch. Rows that another transaction has locked
    /// wait for the next run. Returns how many went.
    ///
    /// # Errors
    /// When the database refuses, or what hangs on the rows cannot be removed.
    pub async fn remove(&self, txn: &Txn, cx: &Context, before: DateTime<Utc>, held: &Held) -> Result<u64> {
        let mut leaving = self.select();
        leaving.columns(self.key.iter().map(|column| Alias::new(*column)));
        leaving.cond_where(self.over(before).add(self.on_hold(held).not()));
        leaving.order_by_expr(self.since.clone(), Order::Asc).limit(self.batch());
        if let Some(guard) = self.guard {
            let ids = ids(txn, &leaving).await?;
            guard(txn, &ids).await?;
            // Chosen again among those: some may have been used while this waited for the guard.
            leaving.and_where(Expr::col(Alias::new(self.key[0])).is_in(ids));
        }
        leaving.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let Some(removal) = self.removal else {
            let key = Expr::tuple(self.key.iter().map(|column| Expr::col(Alias::new(*column))));
            let delete = Query::delete().from_table(Alias::new(self.table)).and_where(key.in_subquery(leaving)).to_owned();
            return Ok(txn.execute(&delete).await.map_err(StoreError::from)?.rows_affected());
        };
        let ids = ids(txn, &leaving).await?;
        let removed = ids.len() as u64;
        if removed > 0 {
            removal(txn, cx, ids).await?;
        }
        Ok(removed)
    }

    fn select(&self) -> SelectStatement {
        Query::select().from(Alias::new(self.table)).to_owned()
    }

    fn over(&self, before: DateTime<Utc>) -> Condition {
        let is_over = if self.by_day { self.since.clone().lt(before.date_naive()) } else { self.since.clone().lt(before) };
        Condition::all().add(is_over).add(self.only.clone())
    }

    /// Never null, so that it can be negated.
    fn on_hold(&self, held: &Held) -> Condition {
        let condition = (self.held)(held);
        if condition.is_empty() {
            return Condition::all().add(Expr::cust("1 = 0"));
        }
        Condition::all().add(SimpleExpr::from(Func::coalesce([SimpleExpr::from(condition), Expr::cust("1 = 0")])))
    }
}

async fn ids(txn: &Txn, chosen: &SelectStatement) -> StoreResult<Vec<Uuid>> {
    let rows = txn.query_all(chosen).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<std::result::Result<_, _>>()?)
}
