//! Keeps the copy of what identity says of schools.
//!
//! Nobody calls this: identity's compacted topic says it, and it changes nothing but names.

use runtime::{Result, SchoolId};
use storage::Txn;

use crate::{domain::school::School, store};

/// Takes in what a school is called now.
pub async fn describe_school(txn: &Txn, school: &School) -> Result<()> {
    store::school::lock(txn, school.id).await?;
    store::school::save(txn, school).await?;
    Ok(store::case::describe_school(txn, school).await?)
}

/// Takes in that identity no longer has a school. Its cases stay, under the name it had.
pub async fn forget_school(txn: &Txn, id: SchoolId) -> Result<()> {
    Ok(store::school::remove(txn, id).await?)
}
