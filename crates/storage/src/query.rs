//! What the statements of every store share: the caller's scope, searches, many rows at a time.

use auth::{Kind, Scope};
use sea_orm::{
    ColumnTrait, EntityTrait, IdenStatic as _, IntoSimpleExpr, Iterable as _, PrimaryKeyToColumn, QueryFilter,
    sea_query::{ExprTrait as _, LikeExpr, OnConflict, SimpleExpr},
};
use uuid::Uuid;

/// Rows in one statement. With up to 65 columns that stays below the 32,766 values that SQLite takes.
const IN_ONE_STATEMENT: usize = 500;

/// Only what is within the caller's scope; `owner` is the column that says of which school (board, vendor) a row is.
#[must_use]
pub fn within<Q: QueryFilter, K: Kind>(query: Q, owner: impl ColumnTrait, scope: &Scope<K>) -> Q {
    match is_within(owner, scope) {
        Some(is_within) => query.filter(is_within),
        None => query,
    }
}

/// The condition of [`within`]; `None` when everything is.
pub fn is_within<K: Kind>(owner: impl ColumnTrait, scope: &Scope<K>) -> Option<SimpleExpr> {
    match scope {
        Scope::Everything => None,
        Scope::Only(ids) => Some(owner.is_in(ids.iter().copied().map(Into::<Uuid>::into))),
    }
}

/// A column of small letters holds this text somewhere, in whatever letters it is written. `%` and `_` mean themselves.
pub fn holding(column: impl IntoSimpleExpr, text: &str) -> SimpleExpr {
    let literal = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    column.into_simple_expr().like(LikeExpr::new(format!("%{literal}%")).escape('\\'))
}

/// Where a row with the same primary key is there already, all its columns are written over but these, which never change.
pub fn or_update<E: EntityTrait>(but: &[E::Column]) -> OnConflict {
    let keys: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let is_kept = |column: &E::Column| keys.iter().chain(but).any(|kept| kept.as_str() == column.as_str());
    let written: Vec<E::Column> = E::Column::iter().filter(|column| !is_kept(column)).collect();
    OnConflict::columns(keys).update_columns(written).to_owned()
}

/// Rows, as many at a time as go into one statement.
pub fn chunks<T>(rows: impl IntoIterator<Item = T>) -> Vec<Vec<T>> {
    let mut rows = rows.into_iter();
    let next = || Some(rows.by_ref().take(IN_ONE_STATEMENT).collect::<Vec<T>>()).filter(|some| !some.is_empty());
    std::iter::from_fn(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_lose_nothing_and_none_is_empty() {
        let sizes = |rows: usize| chunks(0..rows).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(0), [0_usize; 0]);
        assert_eq!(sizes(IN_ONE_STATEMENT), [IN_ONE_STATEMENT]);
        assert_eq!(sizes(2 * IN_ONE_STATEMENT + 1), [IN_ONE_STATEMENT, IN_ONE_STATEMENT, 1]);
        assert_eq!(chunks(0..1_201).concat(), (0..1_201).collect::<Vec<_>>());
    }
}
