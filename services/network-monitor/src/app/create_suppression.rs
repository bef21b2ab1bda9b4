//! Keeps the alerts of a signature quiet for a while.

use auth::{Action, Context};
use chrono::{DateTime, Utc};
use runtime::{Error, FieldViolation, Result, SchoolId};

use super::{App, record_suppression::record_suppression};
use crate::{
    domain::{detection::SignatureId, suppression::Suppression},
    store,
};

/// What is asked.
#[derive(Debug, Clone)]
pub struct CreateSuppression {
    /// At this school; at every school when not said.
    pub school: Option<SchoolId>,
    /// Of this signature.
    pub signature_id: SignatureId,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: DateTime<Utc>,
}

/// See the module.
pub async fn create_suppression(app: &App, cx: &Context, asked: CreateSuppression) -> Result<Suppression> {
    match asked.school {
        Some(school) => cx.require(Action::SuppressionCreate, school)?,
        None => cx.require_platform(Action::SuppressionCreate)?,
    }
    let now = cx.clock.now();
    let suppression = decide(cx, asked, now)?;

    let txn = app.database.begin().await?;
    store::suppression::insert(&txn, &suppression).await?;
    record_suppression(&txn, cx, Action::SuppressionCreate, &suppression).await?;
    txn.commit().await?;

    app.metrics.suppression_changed(Action::SuppressionCreate.name());
    Ok(suppression)
}

fn decide(cx: &Context, asked: CreateSuppression, now: DateTime<Utc>) -> Result<Suppression> {
    let mut violations = Vec::new();
    let mut complain = |field: &'static str, why: &dyn std::fmt::Display| {
        violations.push(FieldViolation { field: field.into(), message: why.to_string().into() });
    };
    let reason = Suppression::check_reason(&asked.reason).map_err(|why| complain("reason", &why));
    let expires = Suppression::check_expiry(asked.expires, now).map_err(|why| complain("expire_time", &why));
    let (Ok(reason), Ok(expires)) = (reason, expires) else { return Err(Error::invalid(violations)) };
    Ok(Suppression {
        id: cx.ids.next(),
        school: asked.school,
        signature_id: asked.signature_id,
        reason: reason.to_owned(),
        expires,
        created: now,
        creator: cx.principal.name.clone(),
    })
}
