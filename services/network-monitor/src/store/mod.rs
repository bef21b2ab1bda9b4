//! Tables of network-monitor. Every look-up of a caller's takes the caller's [`auth::Scope`]: what is outside it is not found.

pub mod alert;
pub mod contact;
pub mod device;
pub mod device_list;
mod entity;
mod migration;
pub mod suppression;

pub use migration::migrations;

use runtime::SchoolId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter as _, Select, sea_query::LikeExpr};

/// Rows in one statement: far below what SQLite (32,766) and PostgreSQL (65,535) allow in values.
const IN_ONE_STATEMENT: usize = 500;

fn within<E: EntityTrait>(query: Select<E>, school: impl ColumnTrait, scope: &auth::Scope<SchoolId>) -> Select<E> {
    match scope {
        auth::Scope::Everything => query,
        auth::Scope::Only(schools) => query.filter(school.is_in(schools.iter().copied().map(SchoolId::as_uuid))),
    }
}

/// Text that holds this, literally.
fn holding(text: &str) -> LikeExpr {
    let literal = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    LikeExpr::new(format!("%{literal}%")).escape('\\')
}

/// Rows, as many at a time as go into one statement.
fn chunks<T>(rows: impl IntoIterator<Item = T>) -> Vec<Vec<T>> {
    let mut rows = rows.into_iter();
    let mut chunks = Vec::new();
    loop {
        let some: Vec<T> = rows.by_ref().take(IN_ONE_STATEMENT).collect();
        if some.is_empty() {
            return chunks;
        }
        chunks.push(some);
    }
}
