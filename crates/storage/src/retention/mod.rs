//! How long what is kept is kept.
//!
//! 1. Each table says beside its `Model` of which class its rows are, and how sensitive each column is ([`crate::classified`]). A column without
//!    a word does not compile, and no migration makes a table that is not classified.
//! 2. `content/retention` says of each class how long it is kept, why, and by which law or choice (`service::Periods`). A class without a period
//!    is no content.
//! 3. A service lists how its rows grow old ([`Aging`]); the job of crate `service` counts and removes those whose period is over, in batches,
//!    each committed with its audit row.
//! 4. What is on hold ([`Hold`]: a school, a case, a person) stays until the hold ends. Holds are in the database of the rows that they keep, so
//!    no message has to arrive first.

mod aging;
pub mod hold;

pub use aging::{Aging, BoxedRemoval, Overdue};
pub use hold::{AddHolds, Held, Hold, HoldId, Subject};

use sea_orm::sea_query::{Expr, Func};

use crate::classified::ClassifiedTable;

/// The tables that this crate makes.
pub fn tables() -> Vec<ClassifiedTable> {
    [crate::audit::tables(), vec![ClassifiedTable::of(hold::Entity), crate::migrate::applied_table()]].concat()
}

/// How holds that are over grow old themselves.
pub fn aging_of_holds() -> Aging {
    let over_at = Func::coalesce([Expr::col(hold::Column::LiftedAt), Expr::col(hold::Column::EndsAt)]);
    Aging::of(hold::Entity, over_at, hold::never)
}
