//! Use cases of suppressions: which signatures are kept quiet, where and until when.

use auth::{Action, Context, Resource};
use chrono::{DateTime, Utc};
use runtime::{Error, RequestId, Result, SchoolId};
use serde::Serialize;
use storage::{
    Page, PageRequest, Paging, Reach, RequestKey, StoreError, StoreResult, Txn,
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
    /// Unique for this caller.
    pub request_id: Option<RequestId>,
}

/// A page of what is kept quiet now.
#[derive(Debug, Clone, Serialize)]
pub struct ListSuppressions {
    /// Of this school, with those for every school; of all the caller may see when not said.
    pub school: Option<SchoolId>,
    pub page: PageRequest,
}

/// At every school only for who may do this on the platform. Answers the suppression made before when the request is a repetition.
pub async fn create_suppression(app: &App, cx: &Context, asked: CreateSuppression) -> Result<Suppression> {
    match asked.school {
        Some(school) => cx.require(Action::SuppressionCreate, school)?,
        None => cx.require(Action::SuppressionCreate, Resource::Platform)?,
    }
    let scope = cx.scope::<SchoolId>(Action::SuppressionRead)?;
    let key = RequestKey::of(cx, asked.request_id);
    let before = store::suppression::find_by_request(&app.database.reader_within(&scope).await?, &key).await?;
    if let Some(before) = before {
        return the_same_again(before, &asked);
    }
    let CreateSuppression { school, signature_id, reason, expires, request_id: _ } = asked.clone();
    let txn = app.database.begin_within(school.map_or(Reach::Everything, Reach::one)).await?;
    let (id, created, creator) = (cx.ids.next(), cx.clock.now(), audit::name_to_keep(&txn, cx).await?);

    let suppression = Suppression::create(Suppression { id, school, signature_id, reason, expires, created, creator });
    let suppression = suppression.map_err(|why| Error::invalid_field("expire_time", why.to_string()))?;

    match store::suppression::insert(&txn, &suppression, &key).await {
        Ok(()) => {}
        Err(StoreError::Duplicate(_)) => {
            // The same request, sent twice at once, was faster on another connection.
            txn.roll_back().await?;
            let before = store::suppression::find_by_request(&app.database.reader_within(&scope).await?, &key).await?;
            return the_same_again(before.ok_or_else(|| Error::conflict("request_in_progress", "ask again in a moment"))?, &asked);
        }
        Err(error) => return Err(error.into()),
    }
    record(&txn, cx, Action::SuppressionCreate, &suppression).await?;
    txn.commit().await?;

    app.metrics.suppression_changed(Action::SuppressionCreate.name());
    Ok(suppression)
}

fn the_same_again(before: Suppression, asked: &CreateSuppression) -> Result<Suppression> {
    let CreateSuppression { school, signature_id, reason, expires, request_id: _ } = asked;
    let asks_the_same = (&before.school, &before.signature_id, &before.reason, &before.expires) == (school, signature_id, reason, expires);
    RequestId::require_repetition(asks_the_same)?;
    Ok(before)
}

/// `NotFound` also when the caller may not see it.
pub async fn delete_suppression(app: &App, cx: &Context, id: SuppressionId) -> Result<()> {
    // Which permission it takes depends on whose it is; who may not even read it, does not find it.
    let scope = cx.scope(Action::SuppressionRead)?;
    let txn = app.database.begin_within(&scope).await?;
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

/// Those in force, newest first.
pub async fn list_suppressions(app: &App, cx: &Context, asked: ListSuppressions) -> Result<Page<Suppression>> {
    if let Some(school) = asked.school {
        cx.require(Action::SuppressionRead, school)?;
    }
    let scope = cx.scope(Action::SuppressionRead)?;
    let paging = Paging::begin(&asked, &asked.page)?;
    let reader = app.database.reader_within(&scope).await?;
    Ok(store::suppression::list(&reader, &scope, asked.school, cx.clock.now(), &paging).await?)
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
