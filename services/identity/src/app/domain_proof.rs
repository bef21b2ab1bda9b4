//! Use cases of the proof of a vendor's domain: a token is given, placed in the DNS, and looked for.

#[cfg(test)]
mod tests;

use auth::{Action, Context, Resource, Scope};
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, stream};
use runtime::{Error, Result, VendorId};
use storage::{
    Txn,
    audit::{self, Chain, Entry},
};

use super::{
    App,
    enrolment::details,
    keep_check::{NewCheck, keep},
    queue_letter::queue_letter,
};
use crate::{
    domain::{
        CheckKind, CheckOutcome, Claimed, DnsAnswer, DomainProof, DomainProofRefusal, EnrolmentDetails, Place, Secret, Subject, Vendor,
        letter,
    },
    store,
};

/// Domains that are looked at in one turn, and at the same time.
const IN_ONE_TURN: u64 = 50;
const AT_ONCE: usize = 8;

/// A token for the vendor's domain as it is now, in place of the one before. Answers what the vendor comes to.
pub async fn issue_domain_proof(app: &App, cx: &Context, vendor_id: VendorId) -> Result<EnrolmentDetails> {
    cx.require(Action::EnrolmentProve, vendor_id)?;
    let scope = cx.scope(Action::EnrolmentProve)?;
    let token = Secret::generate().map_err(Error::internal)?;

    let txn = app.database.begin_within(&scope).await?;
    let vendor = locked(&txn, &scope, vendor_id).await?;
    let before = store::domain_proof::find(&*txn, vendor.id).await?;

    let of = (vendor.id, vendor.details.domain.clone());
    let proof = DomainProof::issue(before.as_ref(), of, token.reveal().to_owned(), cx.clock.now())?;

    store::domain_proof::save(&txn, &proof).await?;
    let entry = Entry {
        action: Action::EnrolmentProve,
        resource: format!("vendor:{}", vendor.id),
        detail: serde_json::json!({ "change": "token_issued", "domain": proof.domain.as_str(), "place_by": proof.place_by }),
    };
    audit::append(&txn, cx, Chain::Vendor(vendor.id), entry).await?;
    txn.commit().await?;
    details(app, Subject::Vendor(vendor.id)).await
}

/// Looks for the token now. Answers what the vendor comes to.
pub async fn check_domain(app: &App, cx: &Context, vendor_id: VendorId) -> Result<EnrolmentDetails> {
    cx.require(Action::EnrolmentProve, vendor_id)?;
    let scope = cx.scope(Action::EnrolmentProve)?;
    let now = cx.clock.now();

    let txn = app.database.begin_within(&scope).await?;
    let vendor = locked(&txn, &scope, vendor_id).await?;
    let mut proof = current(&txn, &vendor).await?.ok_or(DomainProofRefusal::NoToken)?;
    let proven = is_proven(&txn, &vendor, now).await?;

    proof.begin_look(proven, now)?;

    store::domain_proof::save(&txn, &proof).await?;
    txn.commit().await?;
    look(app, cx, proof, Action::EnrolmentProve).await?;
    details(app, Subject::Vendor(vendor_id)).await
}

/// Looks at every domain whose week is over. With several replicas each takes others.
pub async fn look_at_domains(app: &App, cx: &Context) -> Result<()> {
    cx.require(Action::EnrolmentLook, Resource::Platform)?;
    loop {
        let txn = app.database.begin().await?;
        let mut due = store::domain_proof::find_due(&txn, cx.clock.now(), IN_ONE_TURN).await?;
        for proof in &mut due {
            proof.take_turn(cx.clock.now());
            store::domain_proof::save(&txn, proof).await?;
        }
        txn.commit().await?;
        if due.is_empty() {
            return Ok(());
        }
        let mut looks = stream::iter(due).map(|proof| look(app, cx, proof, Action::EnrolmentLook)).buffer_unordered(AT_ONCE);
        while let Some(looked) = looks.next().await {
            looked?;
        }
    }
}

/// Asks the DNS, outside any transaction, and keeps what it said.
async fn look(app: &App, cx: &Context, asked: DomainProof, action: Action) -> Result<()> {
    let answer = app.dns.texts(&asked.record_name()).await;
    let (outcome, reason) = asked.judge(&answer);
    let now = cx.clock.now();

    let txn = app.database.begin_within(Place(asked.vendor_id.into())).await?;
    let vendor = locked(&txn, &Scope::Everything, asked.vendor_id).await?;
    // What was asked of a former token or domain says nothing of the one there is now.
    let Some(mut proof) = store::domain_proof::find(&*txn, vendor.id).await?.filter(|proof| proof.token == asked.token) else {
        return Ok(());
    };
    if proof.domain != vendor.details.domain {
        proof.next_look = None;
        store::domain_proof::save(&txn, &proof).await?;
        return Ok(txn.commit().await?);
    }
    let was_proven = is_proven(&txn, &vendor, now).await?;
    let found = if let DnsAnswer::Records(texts) = &answer { texts.len() } else { 0 };
    let new = NewCheck {
        change: "domain_checked",
        kind: CheckKind::Domain,
        value: proof.domain.as_str().to_owned(),
        until: (outcome == CheckOutcome::Passed).then(|| now + DomainProof::HOLDS),
        evidence: serde_json::json!({ "name": proof.record_name(), "asked_for": proof.record_value(), "texts": found, "said": reason }),
        outcome,
        reason: reason.to_owned(),
    };
    keep(&txn, cx, (&vendor).into(), new, action).await?;
    let proven = is_proven(&txn, &vendor, now).await?;

    proof.end_look(outcome, proven, now);

    store::domain_proof::save(&txn, &proof).await?;
    let has_lapsed = was_proven && !proven;
    if has_lapsed {
        queue_letter(&txn, cx, &vendor.details.security_contact, &letter::domain_lapsed(&vendor, &app.portal)).await?;
    }
    txn.commit().await?;
    app.metrics.domain_looked_at(outcome, has_lapsed);
    if has_lapsed {
        let id = vendor.id;
        tracing::warn!(name: "domain.lapsed", vendor = %id, "the domain of a vendor has no token any more, its proof has lapsed");
    }
    Ok(())
}

async fn locked(txn: &Txn, scope: &Scope<VendorId>, id: VendorId) -> Result<Vendor> {
    store::vendor::find_to_change(txn, scope, id).await?.ok_or_else(|| Error::not_found("vendor"))
}

/// The token for the domain that the vendor has now.
async fn current(txn: &Txn, vendor: &Vendor) -> Result<Option<DomainProof>> {
    let proof = store::domain_proof::find(&**txn, vendor.id).await?;
    Ok(proof.filter(|proof| proof.domain == vendor.details.domain))
}

async fn is_proven(txn: &Txn, vendor: &Vendor, now: DateTime<Utc>) -> Result<bool> {
    let subject = Subject::Vendor(vendor.id);
    let checks = store::check::of_subjects(&**txn, &[subject]).await?.remove(&subject).unwrap_or_default();
    let requirements = Claimed::from(vendor).requirements(&checks);
    let of_domain = requirements.iter().find(|requirement| requirement.kind == CheckKind::Domain);
    Ok(of_domain.and_then(|requirement| requirement.until).is_some_and(|until| now < until))
}
