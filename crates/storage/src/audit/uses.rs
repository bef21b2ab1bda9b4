//! When people last used what they may see and change at an organisation.

use auth::Function;
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, JoinType, QueryFilter as _, QuerySelect as _, RelationDef,
    sea_query::{Expr, ExprTrait as _, SimpleExpr},
};

use super::{
    append::Chain,
    listing::EXPORT,
    table::{
        actor,
        row::{Column, Entity},
    },
};
use crate::{Database, StoreResult};

/// As the index of people's rows has it, word for word: otherwise it would not be used.
pub(super) const OF_PEOPLE: &str = "audit_log.actor LIKE 'person:%'";

/// The last row of an action, of all people who hold exactly these functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// As their last tokens said.
    pub functions: Vec<Function>,
    pub action: String,
    pub at: DateTime<Utc>,
}

/// What people did at an organisation from a moment on, the last time of each: one statement, grouped, over the rows of people alone. Of a
/// school also what was read, and the exports of all schools.
///
/// # Errors
/// When the database refuses.
pub async fn last_uses(database: &Database, of: Chain, from: DateTime<Utc>) -> StoreResult<Vec<LastUse>> {
    let query = Entity::find()
        .select_only()
        .column(actor::Column::Functions)
        .column(Column::Action)
        .column_as(Column::At.max(), "last")
        .join(JoinType::InnerJoin, who())
        .filter(concerns(of))
        .filter(Expr::cust(OF_PEOPLE))
        .filter(Column::At.gte(from))
        .group_by(actor::Column::Functions)
        .group_by(Column::Action);
    let rows: Vec<(String, String, DateTime<Utc>)> = query.into_tuple().all(database.reader()).await?;
    let used = |(functions, action, at): (String, String, DateTime<Utc>)| LastUse { functions: actor::functions(&functions), action, at };
    Ok(rows.into_iter().map(used).collect())
}

/// Who acted. No foreign key: services have no row there.
fn who() -> RelationDef {
    Entity::belongs_to(actor::Entity).from(Column::Actor).to(actor::Column::Actor).into()
}

fn concerns(of: Chain) -> SimpleExpr {
    let Chain::School(school) = of else { return Column::Chain.eq(of.name()) };
    let of_school = Column::Chain.is_in([of.name(), Chain::ReadsOfSchool(school).name()]);
    of_school.or(Column::Chain.eq(Chain::Platform.name()).and(Column::Action.ends_with(EXPORT)))
}
