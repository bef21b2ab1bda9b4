//! Use cases of erasures: two operators decide that who a person is goes.

use auth::{Action, Context, Resource};
use runtime::{Error, Etag, PersonId, RequestId, Result, security::SecurityEvent};
use serde::Serialize;
use storage::{
    Page, PageRequest, Paging, Reach, RequestKey, Txn,
    audit::{self, Chain, Entry},
    retention::{Subject, hold},
};

use super::{App, erase_person::erase_person};
use crate::{
    domain::{Erasure, ErasureChange, ErasureDetails, ErasureEffect, ErasureId, ErasureReason, ErasureRefusal, EvidenceHash, Place},
    store,
};

/// A page of erasures.
#[derive(Debug, Clone, Serialize)]
pub struct ListErasures {
    /// Only proposals that somebody may agree to.
    pub only_open: bool,
    pub page: PageRequest,
}

/// An erasure to be.
#[derive(Debug, Clone)]
pub struct ProposeErasure {
    pub person_id: PersonId,
    pub reason: ErasureReason,
    /// Unique for this caller.
    pub request_id: Option<RequestId>,
}

/// Which erasure.
#[derive(Debug, Clone)]
pub struct ChangeErasure {
    pub erasure_id: ErasureId,
    /// The erasure as the caller read it.
    pub etag: Etag,
}

/// The newest first.
pub async fn list_erasures(app: &App, cx: &Context, asked: ListErasures) -> Result<Page<ErasureDetails>> {
    cx.require(Action::ErasureRead, Resource::Platform)?;
    let paging = Paging::begin(&asked, &asked.page)?;
    let reader = app.database.reader_within(Reach::Everything).await?;
    let mut page = store::erasure::list(&reader, asked.only_open, cx.clock.now(), &paging).await?;
    let mut all = Vec::with_capacity(page.rows.len());
    for erasure in std::mem::take(&mut page.rows) {
        all.push(store::erasure::details(&reader, erasure, cx.clock.now()).await?);
    }
    Ok(page.with_rows(all))
}

/// Nothing is erased yet: the answer says what will be. Answers the proposal made before when the request is a repetition.
pub async fn propose_erasure(app: &App, cx: &Context, asked: ProposeErasure) -> Result<ErasureDetails> {
    cx.require(Action::ErasureDecide, Resource::Platform)?;
    let by = require_person(cx)?;
    let ProposeErasure { person_id, reason, request_id } = asked;
    let key = RequestKey::of(cx, request_id);

    let txn = app.database.begin_within(Reach::Everything).await?;
    require_not_held(&txn, cx, person_id).await?;

    // One after the other, so that a person has one proposal at most: none is left to agree to when they are known again.
    store::place::lock(&txn, Place(Resource::Platform)).await?;
    if let Some(before) = store::erasure::find_by_request(&*txn, &key).await? {
        RequestId::require_repetition(before.person == person_id && before.reason == reason)?;
        return Ok(store::erasure::details(&*txn, before, cx.clock.now()).await?);
    }
    if store::erasure::find_open(&txn, person_id, cx.clock.now()).await?.is_some() {
        return Err(ErasureRefusal::ErasureAlreadyProposed.into());
    }

    let (proposed, change) = Erasure::propose(cx.ids.next(), (person_id, reason), by, cx.clock.now());

    store::erasure::insert(&txn, &proposed, &key).await?;
    record(&txn, cx, &proposed, change).await?;
    let details = store::erasure::details(&*txn, proposed, cx.clock.now()).await?;
    txn.commit().await?;
    app.metrics.erasure_changed(change);
    Ok(details)
}

/// The person is erased: here now, in the other services when they hear of it.
pub async fn agree_erasure(app: &App, cx: &Context, asked: ChangeErasure) -> Result<ErasureDetails> {
    let (txn, mut erasure, by) = to_change(app, cx, &asked).await?;
    require_not_held(&txn, cx, erasure.person).await?;

    let change = erasure.agree(by, cx.clock.now())?;

    store::erasure::update(&txn, &erasure).await?;
    erase_person(&txn, cx, erasure.person).await?;
    record(&txn, cx, &erasure, change).await?;
    txn.commit().await?;
    app.metrics.erasure_changed(change);
    SecurityEvent::PersonErased.record(&cx.actor(), Action::ErasureDecide.name(), format!("person:{}", erasure.person), "");
    Ok(ErasureDetails { erasure, effect: ErasureEffect::default() })
}

/// Nothing comes of the proposal.
pub async fn withdraw_erasure(app: &App, cx: &Context, asked: ChangeErasure) -> Result<ErasureDetails> {
    let (txn, mut erasure, by) = to_change(app, cx, &asked).await?;

    let change = erasure.withdraw(by, cx.clock.now())?;

    store::erasure::update(&txn, &erasure).await?;
    record(&txn, cx, &erasure, change).await?;
    txn.commit().await?;
    app.metrics.erasure_changed(change);
    Ok(ErasureDetails { erasure, effect: ErasureEffect::default() })
}

/// Two people agree, not two machines.
fn require_person(cx: &Context) -> Result<PersonId> {
    let message = "an erasure is for people: sign in on the portal";
    cx.principal().person_id().ok_or_else(|| Error::permission_denied(message.to_owned()))
}

/// What is on hold stays.
async fn require_not_held(txn: &Txn, cx: &Context, person: PersonId) -> Result<()> {
    let held_since = hold::since(&**txn, Subject::Person(person), cx.clock.now()).await?;
    if held_since.is_some() { Err(ErasureRefusal::OnHold.into()) } else { Ok(()) }
}

/// The erasure, locked, if the caller may and has read it as it is now.
async fn to_change(app: &App, cx: &Context, asked: &ChangeErasure) -> Result<(Txn, Erasure, PersonId)> {
    cx.require(Action::ErasureDecide, Resource::Platform)?;
    let by = require_person(cx)?;
    let txn = app.database.begin_within(Reach::Everything).await?;
    let found = store::erasure::find_to_change(&txn, asked.erasure_id).await?.ok_or_else(|| Error::not_found("erasure"))?;
    asked.etag.require(&found.etag())?;
    Ok((txn, found, by))
}

async fn record(txn: &Txn, cx: &Context, of: &Erasure, change: ErasureChange) -> Result<()> {
    let entry = Entry {
        action: Action::ErasureDecide,
        resource: format!("person:{}", of.person),
        detail: serde_json::json!({
            "change": change.into_str(),
            "erasure": of.id,
            "reason_sha256": EvidenceHash::of(of.reason.as_str()).to_string(),
            "version": of.version,
        }),
    };
    audit::append(txn, cx, Chain::Platform, entry).await?;
    Ok(())
}
