//! Use cases of suppressions: which signatures are kept quiet, where and until when.

use auth::{Action, Context, Resource};
use chrono::{DateTime, Utc};
use runtime::{Error, Result, SchoolId};
use storage::{
    StoreResult, Txn,
    audit::{self, Chain, Entry},
};

use super::App;
use crate::{
    domain::{
        detection::SignatureId,
        suppression::{Reason, Suppression, SuppressionId},
    },
    store,
};

/// A signature to keep quiet.
#[derive(Debug, Clone)]
pub struct CreateSuppression {
    /// At this school; at every school when not said.
    pub school: Option<SchoolId>,
    pub signature_id: SignatureId,
    pub reason: Reason,
    /// Until when.
    pub expires: DateTime<Utc>,
}

/// At every school only for who may do this on the platform.
pub async fn create_suppression(app: &App, cx: &Context, asked: CreateSuppression) -> Result<Suppression> {
    match asked.school {
        Some(school) => cx.require(Action::SuppressionCreate, school)?,
        None => cx.require(Action::SuppressionCreate, Resource::Platform)?,
    }
    let now = cx.clock.now();
    let CreateSuppression { school, signature_id, reason, expires } = asked;
    let expires = Suppression::check_expiry(expires, now).map_err(|why| Error::invalid_field("expire_time", why.to_string()))?;
    let creator = cx.principal().name.clone();
    let suppression = Suppression { id: cx.ids.next(), school, signature_id, reason, expires, created: now, creator };

    let txn = app.database.begin().await?;
    store::suppression::insert(&txn, &suppression).await?;
    record(&txn, cx, Action::SuppressionCreate, &suppression).await?;
    txn.commit().await?;

    app.metrics.suppression_changed(Action::SuppressionCreate.name());
    Ok(suppression)
}

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
    record(&txn, cx, Action::SuppressionDelete, &suppression).await?;
    txn.commit().await?;

    app.metrics.suppression_changed(Action::SuppressionDelete.name());
    Ok(())
}

/// Of a school (with those for every school), or of all the caller may see; newest first.
pub async fn list_suppressions(app: &App, cx: &Context, school: Option<SchoolId>) -> Result<Vec<Suppression>> {
    if let Some(school) = school {
        cx.require(Action::SuppressionRead, school)?;
    }
    let scope = cx.scope(Action::SuppressionRead)?;
    Ok(store::suppression::list(app.database.reader(), &scope, school, cx.clock.now()).await?)
}

/// The audit row, in the transaction of the change.
async fn record(txn: &Txn, cx: &Context, action: Action, suppression: &Suppression) -> StoreResult<()> {
    let entry = Entry {
        action,
        resource: format!("suppression:{}", suppression.id),
        detail: serde_json::json!({ "signature_id": suppression.signature_id.as_str(), "expires": suppression.expires.to_rfc3339() }),
    };
    let chain = suppression.school.map_or(Chain::Platform, Chain::School);
    audit::append(txn, cx, chain, entry).await?;
    Ok(())
}
