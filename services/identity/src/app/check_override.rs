//! Use cases of overrides: two operators let a check count as passed.

use auth::{Action, Context};
use chrono::{DateTime, Utc};
use runtime::{Error, Etag, PersonId, Result};
use storage::{
    Txn,
    audit::{self, Entry},
};

use super::{
    App,
    enrolment::{details, enrolment_reach},
    keep_check::{NewCheck, chain_of, claimed_in, keep},
};
use crate::{
    domain::{
        CheckKind, CheckOutcome, Claimed, EnrolmentDetails, EvidenceHash, Override, OverrideChange, OverrideId, OverrideReason,
        OverrideRefusal, OverrideState, Place, Subject,
    },
    store,
};

/// An override to be.
#[derive(Debug, Clone)]
pub struct ProposeOverride {
    pub subject: Subject,
    /// A check of that kind of organisation.
    pub kind: CheckKind,
    pub reason: OverrideReason,
    pub until: DateTime<Utc>,
}

/// Which override.
#[derive(Debug, Clone)]
pub struct ChangeOverride {
    pub override_id: OverrideId,
    /// The override as the caller read it.
    pub etag: Etag,
}

/// Answers what the organisation comes to: nothing more, until a second operator agrees.
pub async fn propose_override(app: &App, cx: &Context, asked: ProposeOverride) -> Result<EnrolmentDetails> {
    let ProposeOverride { subject, kind, reason, until } = asked;
    cx.require(Action::EnrolmentOverride, subject.resource())?;
    let person = require_person(cx)?;
    let now = cx.clock.now();
    if !Override::may_end(until, now) {
        return Err(Error::invalid_field("end_time", "give a moment within a year from now"));
    }

    let txn = app.database.begin_within(Place(subject.resource())).await?;
    store::enrolment::lock(&txn, &[subject]).await?;
    let claimed = claimed_in(&txn, subject).await?;
    if store::check_override::count_open(&*txn, subject, now).await? >= Override::MOST_OPEN {
        return Err(OverrideRefusal::TooManyOverrides.into());
    }

    let (proposed, change) = Override::propose(cx.ids.next(), (&claimed, kind), (reason, until), person, now);

    store::check_override::insert(&txn, &proposed).await?;
    record(&txn, cx, &proposed, change).await?;
    txn.commit().await?;
    details(app, subject).await
}

/// The check counts from now on. Answers what the organisation comes to.
pub async fn agree_override(app: &App, cx: &Context, asked: ChangeOverride) -> Result<EnrolmentDetails> {
    let (txn, mut agreed, person) = to_change(app, cx, &asked).await?;

    let claimed = claimed_in(&txn, agreed.subject).await?;
    let change = agreed.agree(person, &claimed, cx.clock.now())?;

    store::check_override::update(&txn, &agreed).await?;
    keep_check(&txn, cx, (&agreed, claimed), change, CheckOutcome::Passed).await?;
    txn.commit().await?;
    details(app, agreed.subject).await
}

/// A proposal is withdrawn, or what was agreed counts no more. Answers what the organisation comes to.
pub async fn end_override(app: &App, cx: &Context, asked: ChangeOverride) -> Result<EnrolmentDetails> {
    let (txn, mut ended, person) = to_change(app, cx, &asked).await?;
    let counted = matches!(ended.state, OverrideState::Agreed { .. });

    let change = ended.end(person, cx.clock.now())?;

    store::check_override::update(&txn, &ended).await?;
    if counted {
        let claimed = claimed_in(&txn, ended.subject).await?;
        keep_check(&txn, cx, (&ended, claimed), change, CheckOutcome::Ended).await?;
    } else {
        record(&txn, cx, &ended, change).await?;
    }
    txn.commit().await?;
    details(app, ended.subject).await
}

/// Two people agree, not two machines.
fn require_person(cx: &Context) -> Result<PersonId> {
    let message = "an override is for people: sign in on the portal";
    cx.principal().person_id().ok_or_else(|| Error::permission_denied(message.to_owned()))
}

/// The override, with its organisation locked, if the caller may and has read it as it is now.
async fn to_change(app: &App, cx: &Context, asked: &ChangeOverride) -> Result<(Txn, Override, PersonId)> {
    let not_found = || Error::not_found("override");
    let seen = {
        store::check_override::find(&app.database.reader_within(enrolment_reach(cx)).await?, asked.override_id)
            .await?
            .ok_or_else(not_found)?
    };
    cx.require(Action::EnrolmentRead, seen.subject.resource()).map_err(|error| error.or_not_found("override"))?;
    cx.require(Action::EnrolmentOverride, seen.subject.resource())?;
    let person = require_person(cx)?;
    let txn = app.database.begin_within(Place(seen.subject.resource())).await?;
    store::enrolment::lock(&txn, &[seen.subject]).await?;
    // Read again: it may have changed while this transaction waited.
    let found = store::check_override::find(&*txn, seen.id).await?.ok_or_else(not_found)?;
    asked.etag.require(&found.etag())?;
    Ok((txn, found, person))
}

/// The check that counts, or no longer does, with its audit row.
async fn keep_check(
    txn: &Txn,
    cx: &Context,
    (of, claimed): (&Override, Claimed),
    change: OverrideChange,
    outcome: CheckOutcome,
) -> Result<()> {
    let new = NewCheck {
        change: change.into_str(),
        kind: of.kind,
        value: of.value(),
        until: Some(of.until),
        evidence: serde_json::json!({ "override": of.id, "proposed_by": of.proposed_by, "reason_sha256": hash_of(of) }),
        outcome,
        reason: of.reason.as_str().to_owned(),
    };
    keep(txn, cx, claimed, new, Action::EnrolmentOverride).await
}

fn hash_of(of: &Override) -> String {
    EvidenceHash::of(of.reason.as_str()).to_string()
}

async fn record(txn: &Txn, cx: &Context, of: &Override, change: OverrideChange) -> Result<()> {
    let entry = Entry {
        action: Action::EnrolmentOverride,
        resource: format!("override:{}", of.id),
        detail: serde_json::json!({
            "change": change.into_str(),
            "kind": of.kind.into_str(),
            "until": of.until,
            "reason_sha256": hash_of(of),
            "version": of.version,
        }),
    };
    audit::append(txn, cx, chain_of(of.subject), entry).await?;
    Ok(())
}
