//! Keeps the alerts of a signature quiet for a while.

use auth::{Action, Context, Resource};
use chrono::{DateTime, Utc};
use runtime::{Error, Result, SchoolId};

use super::{App, record_suppression::record_suppression};
use crate::{
    domain::{
        detection::SignatureId,
        suppression::{Reason, Suppression},
    },
    store,
};

/// A signature to keep quiet.
#[derive(Debug, Clone)]
pub struct CreateSuppression {
    /// At this school; at every school when not said.
    pub school: Option<SchoolId>,
    /// Of this signature.
    pub signature_id: SignatureId,
    /// Why.
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
    record_suppression(&txn, cx, Action::SuppressionCreate, &suppression).await?;
    txn.commit().await?;

    app.metrics.suppression_changed(Action::SuppressionCreate.name());
    Ok(suppression)
}
