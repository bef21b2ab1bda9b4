//! No longer keeps a signature quiet.

use auth::{Action, Context, Resource};
use runtime::{Error, Result, SuppressionId};

use super::{App, record_suppression::record_suppression};
use crate::store;

/// `NotFound` also when the caller may not see it.
pub async fn delete_suppression(app: &App, cx: &Context, id: SuppressionId) -> Result<()> {
    // Which permission it takes depends on whose it is; who may not even read it, does not find it.
    let scope = cx.scope(Action::SuppressionRead)?;
    let txn = app.database.begin().await?;
    let suppression = store::suppression::find(&*txn, &scope, id).await?.ok_or_else(|| Error::not_found("suppression"))?;
    match suppression.school {
        Some(school) => cx.require(Action::SuppressionDelete, school)?,
        None => cx.require(Action::SuppressionDelete, Resource::Platform)?,
    }

    if !store::suppression::delete(&txn, id).await? {
        return Err(Error::not_found("suppression"));
    }
    record_suppression(&txn, cx, Action::SuppressionDelete, &suppression).await?;
    txn.commit().await?;

    app.metrics.suppression_changed(Action::SuppressionDelete.name());
    Ok(())
}
