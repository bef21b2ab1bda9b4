//! Lists, page by page.
//!
//! Paging is by key: a page begins after the last row of the page before, so rows that come or go shift no page. A page token holds
//! the values that row was sorted by, and a fingerprint of the whole question: with another question it is refused.
//!
//! sea-orm's own `Cursor` does not fit: it sorts all columns in one direction, and only columns.

use std::any::type_name;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDate, Utc};
use runtime::Error;
use sea_orm::{
    ColumnTrait, ColumnType, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoSimpleExpr as _, Order,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QueryResult, QuerySelect as _, QueryTrait as _, Select, Value,
    sea_query::{ExprTrait as _, SimpleExpr},
};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{StoreError, StoreResult};

/// The most rows a page may have.
const MOST: u16 = 200;
/// Rows of a page when the caller does not say.
const DEFAULT: u16 = 50;

/// Which page is asked for: `page_size` and `page_token` of a list request.
///
/// A field of the question, which serialises to nothing: all pages of a list have the same fingerprint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRequest {
    size: i32,
    token: String,
}

impl PageRequest {
    /// The same page with at most so many rows, where rows are so large that an answer with 200 of them would not be one that clients take
    /// (4 MiB). The page token leads on to the others.
    #[must_use]
    pub fn at_most(mut self, rows: i32) -> Self {
        self.size = std::cmp::min(self.size, rows);
        self
    }
}

impl From<(i32, String)> for PageRequest {
    fn from((size, token): (i32, String)) -> Self {
        Self { size, token }
    }
}

impl Serialize for PageRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

/// Some rows of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// In order.
    pub rows: Vec<T>,
    /// Empty on the last page.
    pub next_page_token: String,
    /// Rows on all pages.
    pub total: i64,
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(change).collect(), next_page_token: self.next_page_token, total: self.total }
    }

    /// The same page of something else, unless one of the rows cannot be changed.
    ///
    /// # Errors
    /// The first that `change` gives.
    pub fn try_map<U, E>(self, change: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let rows = self.rows.into_iter().map(change).collect::<Result<_, E>>()?;
        Ok(Page { rows, next_page_token: self.next_page_token, total: self.total })
    }

    /// The same page with these rows in place of its own.
    pub fn with_rows<U>(self, rows: Vec<U>) -> Page<U> {
        Page { rows, next_page_token: self.next_page_token, total: self.total }
    }
}

/// One part of an order. The parts together must tell all rows apart: end with the primary key.
#[derive(Debug, Clone, PartialEq)]
pub struct Sort {
    value: SimpleExpr,
    kind: Kind,
    order: Order,
}

/// By a column that is never null, the lowest first.
pub fn asc(column: impl ColumnTrait) -> Sort {
    let kind = Kind::of(column.def().get_column_type());
    Sort { value: column.into_simple_expr(), kind, order: Order::Asc }
}

/// By a column that is never null, the highest first.
pub fn desc(column: impl ColumnTrait) -> Sort {
    asc(column).reversed()
}

impl Sort {
    /// By a whole number that the database computes and that is never null, the lowest first.
    pub fn computed(value: impl Into<SimpleExpr>) -> Self {
        Self { value: value.into(), kind: Kind::Number, order: Order::Asc }
    }

    /// The other way round.
    #[must_use]
    pub fn reversed(self) -> Self {
        let order = if matches!(self.order, Order::Asc) { Order::Desc } else { Order::Asc };
        Self { order, ..self }
    }
}

/// How a value that rows are sorted by is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Moment,
    Day,
    Text,
    Id,
}

impl Kind {
    fn of(column: &ColumnType) -> Self {
        match column {
            ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => Self::Number,
            ColumnType::TimestampWithTimeZone => Self::Moment,
            ColumnType::Date => Self::Day,
            ColumnType::Uuid => Self::Id,
            _ => Self::Text,
        }
    }

    fn read(self, row: &QueryResult, column: &str) -> Result<Key, DbErr> {
        Ok(match self {
            // PostgreSQL's driver reads each width of number as itself only.
            Self::Number => {
                let number = row.try_get::<i64>("", column);
                let number = number.or_else(|_| row.try_get::<i32>("", column).map(i64::from));
                Key::Number(number.or_else(|_| row.try_get::<i16>("", column).map(i64::from))?)
            }
            Self::Moment => Key::Moment(row.try_get("", column)?),
            Self::Day => Key::Day(row.try_get("", column)?),
            Self::Text => Key::Text(row.try_get("", column)?),
            Self::Id => Key::Id(row.try_get("", column)?),
        })
    }
}

/// A value that a row was sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Key {
    Number(i64),
    Moment(DateTime<Utc>),
    Day(NaiveDate),
    Text(String),
    Id(Uuid),
}

impl Key {
    fn kind(&self) -> Kind {
        match self {
            Self::Number(_) => Kind::Number,
            Self::Moment(_) => Kind::Moment,
            Self::Day(_) => Kind::Day,
            Self::Text(_) => Kind::Text,
            Self::Id(_) => Kind::Id,
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Number(number) => (*number).into(),
            Self::Moment(moment) => (*moment).into(),
            Self::Day(day) => (*day).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Id(id) => (*id).into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Token {
    /// Fingerprint of the question.
    q: String,
    /// What the last row was sorted by.
    k: Vec<Key>,
    /// When the first page was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<DateTime<Utc>>,
}

/// The page that is being read.
#[derive(Debug)]
pub struct Paging {
    size: u16,
    fingerprint: String,
    after: Option<Vec<Key>>,
    as_of: Option<DateTime<Utc>>,
}

impl Paging {
    /// For this page of the answer to `question`: a struct of its own for each list, with every filter in it.
    ///
    /// A size of 0 means the default, one over the most means the most (AIP-158).
    ///
    /// # Errors
    /// When the size is negative, or the token is not ours or belongs to another question.
    pub fn begin<Q: Serialize>(question: &Q, page: &PageRequest) -> Result<Self, Error> {
        let size = match u16::try_from(page.size) {
            Ok(0) => DEFAULT,
            Ok(size @ 1..MOST) => size,
            Err(_) if page.size < 0 => return Err(Error::invalid_field("page_size", "give 0 (for the default) or a number up to 200")),
            _ => MOST,
        };
        // Two lists may ask the same of different things, so the name counts too.
        let name = type_name::<Q>().rsplit("::").next().unwrap_or_default();
        let canonical = serde_json::to_vec(&(name, question)).map_err(Error::internal)?;
        let fingerprint = URL_SAFE_NO_PAD.encode(&Sha256::digest(canonical)[..9]);
        if page.token.is_empty() {
            return Ok(Self { size, fingerprint, after: None, as_of: None });
        }
        let bytes = URL_SAFE_NO_PAD.decode(&page.token).map_err(|_| refusal())?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|_| refusal())?;
        if token.q != fingerprint {
            return Err(refusal());
        }
        Ok(Self { size, fingerprint, after: Some(token.k), as_of: token.t })
    }

    /// Whether no page came before it.
    pub const fn is_first_page(&self) -> bool {
        self.after.is_none()
    }

    /// When the first page was read: for lists whose filter or order depends on the time, so that all their pages agree.
    pub fn as_of(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        *self.as_of.get_or_insert(now)
    }

    /// Reads the page.
    ///
    /// # Errors
    /// When the database refuses, or the token is of another order.
    pub async fn read<E, M>(
        &self,
        connection: &impl ConnectionTrait,
        query: Select<E>,
        order: impl IntoIterator<Item = Sort>,
    ) -> StoreResult<Page<M>>
    where
        E: EntityTrait,
        E::Model: Send + Sync,
        M: FromQueryResult,
    {
        let order: Vec<Sort> = order.into_iter().collect();
        let names: Vec<String> = (0..order.len()).map(|part| format!("sort_{part}")).collect();
        let total = query.clone().count(connection).await?;
        let mut query = match &self.after {
            Some(after) => query.filter(beyond(&order, after)?),
            None => query,
        };
        for (sort, name) in order.iter().zip(&names) {
            // Read as the database compared it, whatever the rest of the row becomes.
            query = query.expr_as(sort.value.clone(), name.as_str()).order_by(sort.value.clone(), sort.order.clone());
        }
        // One more than the page, to know whether there is a next.
        let mut found = connection.query_all(&query.limit(u64::from(self.size) + 1).into_query()).await?;
        let has_more = found.len() > usize::from(self.size);
        found.truncate(self.size.into());
        let next_page_token = match found.last() {
            Some(last) if has_more => {
                let keys = order.iter().zip(&names).map(|(sort, name)| sort.kind.read(last, name));
                self.token_after(keys.collect::<Result<_, DbErr>>()?)?
            }
            _ => String::new(),
        };
        let rows = found.iter().map(|row| M::from_query_result(row, "")).collect::<Result<_, DbErr>>()?;
        Ok(Page { rows, next_page_token, total: i64::try_from(total).unwrap_or(i64::MAX) })
    }

    /// Of the page that begins after the row that was sorted by these.
    pub(crate) fn token_after(&self, keys: Vec<Key>) -> StoreResult<String> {
        let token = Token { q: self.fingerprint.clone(), k: keys, t: self.as_of };
        let json = serde_json::to_vec(&token).map_err(|error| StoreError::unreadable("page token", error))?;
        Ok(URL_SAFE_NO_PAD.encode(json))
    }
}

fn refusal() -> Error {
    StoreError::ForeignPageToken.into()
}

/// Everything after a row: later in the first part, or equal there and later in the second, and so on.
fn beyond(order: &[Sort], row: &[Key]) -> StoreResult<Condition> {
    if !order.iter().map(|sort| sort.kind).eq(row.iter().map(Key::kind)) {
        return Err(StoreError::ForeignPageToken);
    }
    let mut beyond = Condition::any();
    let mut equal_so_far = Condition::all();
    for (sort, key) in order.iter().zip(row) {
        let later = match sort.order {
            Order::Desc => sort.value.clone().lt(key.value()),
            _ => sort.value.clone().gt(key.value()),
        };
        beyond = beyond.add(equal_so_far.clone().add(later));
        equal_so_far = equal_so_far.add(sort.value.clone().eq(key.value()));
    }
    Ok(beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct ListBooks {
        shelf: &'static str,
        page: PageRequest,
    }

    #[derive(Serialize)]
    struct ListMaps {
        shelf: &'static str,
        page: PageRequest,
    }

    fn books(shelf: &'static str, size: i32, token: &str) -> Result<Paging, Error> {
        let asked = ListBooks { shelf, page: (size, token.to_owned()).into() };
        Paging::begin(&asked, &asked.page)
    }

    #[test]
    fn a_token_gives_its_keys_and_its_moment_back_for_the_same_question_whatever_the_size() {
        let now: DateTime<Utc> = "2026-09-24T09:50:00.123456Z".parse().unwrap();
        let mut first = books("open", 3, "").unwrap();
        assert_eq!((first.after.clone(), first.as_of(now)), (None, now));
        let keys = vec![Key::Number(7), Key::Moment(now), Key::Day(now.date_naive()), Key::Text("é".to_owned()), Key::Id(Uuid::nil())];
        let token = first.token_after(keys.clone()).unwrap();
        let mut second = books("open", 100, &token).unwrap();
        assert_eq!((second.after.clone(), second.as_of(now + chrono::TimeDelta::hours(1))), (Some(keys), now));
    }

    #[test]
    fn a_token_of_another_question_or_list_is_refused() {
        let token = books("open", 3, "").unwrap().token_after(vec![Key::Number(7)]).unwrap();
        assert!(books("open", 3, &token).is_ok());
        assert!(books("closed", 3, &token).is_err());
        assert!(books("open", 3, "nonsense").is_err());
        let maps = ListMaps { shelf: "open", page: (3, token).into() };
        assert!(Paging::begin(&maps, &maps.page).is_err());
    }

    #[test]
    fn a_token_of_another_order_is_refused() {
        let by_number = [Sort::computed(SimpleExpr::val(1))];
        assert!(beyond(&by_number, &[Key::Number(7)]).is_ok());
        for foreign in [vec![], vec![Key::Id(Uuid::nil())], vec![Key::Number(7), Key::Number(8)]] {
            assert!(matches!(beyond(&by_number, &foreign), Err(StoreError::ForeignPageToken)));
        }
    }

    #[test]
    fn sizes_are_kept_within_bounds() {
        assert_eq!(books("open", 0, "").unwrap().size, 50);
        assert_eq!(books("open", 100_000, "").unwrap().size, 200);
        assert!(books("open", -1, "").is_err());
    }
}
