//! Keeps checks of organisations, with what these come to by them.

use auth::{Action, Context, Function, Scope};
use chrono::{DateTime, Utc};
use runtime::{Error, Result, SchoolId};
use storage::{
    Txn,
    audit::{self, Chain, Entry},
};

use crate::{
    domain::{Appointment, AppointmentChange, Check, CheckKind, CheckOutcome, Claimed, EvidenceHash, Invitation, Standing, Subject},
    store,
};

/// A check to be kept.
pub(super) struct NewCheck {
    /// What happened, as the audit row says it.
    pub change: &'static str,
    pub kind: CheckKind,
    pub value: String,
    pub until: Option<DateTime<Utc>>,
    pub evidence: serde_json::Value,
    pub outcome: CheckOutcome,
    pub reason: String,
}

/// Who it says it is.
pub(super) async fn claimed_in(txn: &Txn, subject: Subject) -> Result<Claimed> {
    store::enrolment::claimed(&**txn, subject).await?.ok_or_else(|| not_found(subject))
}

pub(super) fn not_found(subject: Subject) -> Error {
    Error::not_found(match subject {
        Subject::School(_) => "school",
        Subject::Vendor(_) => "vendor",
    })
}

/// Keeps a check, what the organisation comes to by it, and the audit row, with the evidence whose hash the check has.
pub(super) async fn keep(txn: &Txn, cx: &Context, claimed: Claimed, new: NewCheck, action: Action) -> Result<()> {
    let subject = claimed.subject;
    let (change, evidence) = (new.change, new.evidence.clone());
    let check = made(cx, subject, new);
    let entry = Entry {
        action,
        resource: subject.to_string(),
        detail: serde_json::json!({
            "change": change,
            "kind": check.kind.into_str(),
            "check": check.id,
            "value": check.value,
            "outcome": check.outcome.into_str(),
            "until": check.until,
            "evidence": evidence,
        }),
    };
    keep_all(txn, vec![(claimed, vec![check])]).await?;
    audit::append(txn, cx, chain_of(subject), entry).await?;
    Ok(())
}

/// Checks of many organisations at once, with what each comes to.
pub(super) async fn keep_all(txn: &Txn, of: Vec<(Claimed, Vec<Check>)>) -> Result<()> {
    let subjects: Vec<Subject> = of.iter().map(|(claimed, _)| claimed.subject).collect();
    store::enrolment::lock(txn, &subjects).await?;
    let new: Vec<Check> = of.iter().flat_map(|(_, checks)| checks.iter().cloned()).collect();
    store::check::insert(txn, &new).await?;
    let mut checks = store::check::of_subjects(&**txn, &subjects).await?;
    let standings: Vec<Standing> = of
        .into_iter()
        .map(|(claimed, _)| {
            let made = checks.remove(&claimed.subject).unwrap_or_default();
            Standing::of(claimed, &made)
        })
        .collect();
    Ok(store::enrolment::save(txn, &standings).await?)
}

/// What an organisation comes to after its name or domain changed.
pub(super) async fn refresh(txn: &Txn, claimed: Claimed) -> Result<()> {
    keep_all(txn, vec![(claimed, Vec::new())]).await
}

/// A check that is made now, by the caller.
pub(super) fn made(cx: &Context, subject: Subject, new: NewCheck) -> Check {
    let NewCheck { change: _, kind, value, until, evidence, outcome, reason } = new;
    let evidence = EvidenceHash::of(evidence.to_string());
    Check { id: cx.ids.next(), subject, kind, value, made_by: cx.actor(), at: cx.clock.now(), until, evidence, outcome, reason }
}

pub(super) fn chain_of(subject: Subject) -> Chain {
    match subject {
        Subject::School(school) => Chain::School(school),
        Subject::Vendor(vendor) => Chain::Vendor(vendor),
    }
}

/// Locks what a director's function proves of the school, before anything is audited there.
pub(super) async fn lock_proof(txn: &Txn, function: Function) -> Result<()> {
    let Function::Director(school) = function else { return Ok(()) };
    Ok(store::enrolment::lock(txn, &[Subject::School(school)]).await?)
}

/// A director took the function, signed in as surely as an invitation asks.
pub(super) async fn director_signed_in(txn: &Txn, cx: &Context, appointment: &Appointment, invitation: &Invitation) -> Result<()> {
    let Function::Director(school) = appointment.function else { return Ok(()) };
    let new = NewCheck {
        change: "director_checked",
        kind: CheckKind::Director,
        value: format!("appointment:{}", appointment.id),
        until: Some(appointment.ends()),
        evidence: serde_json::json!({ "invitation": invitation.id, "sign_in": sign_in_of(cx) }),
        outcome: CheckOutcome::Passed,
        reason: "invitation_accepted".to_owned(),
    };
    keep_of_director(txn, cx, school, new).await
}

/// The function of a director who signed in was confirmed, or has an end: what that proved holds as long as the function.
pub(super) async fn director_changed(txn: &Txn, cx: &Context, appointment: &Appointment, change: AppointmentChange) -> Result<()> {
    let Function::Director(school) = appointment.function else { return Ok(()) };
    let value = format!("appointment:{}", appointment.id);
    if !store::check::is_known(&**txn, Subject::School(school), CheckKind::Director, &value).await? {
        return Ok(());
    }
    let has_ended = appointment.ends() <= cx.clock.now();
    let new = NewCheck {
        change: "director_checked",
        kind: CheckKind::Director,
        value,
        until: Some(appointment.ends()),
        evidence: serde_json::json!({ "appointment": appointment.id, "version": appointment.version }),
        outcome: if has_ended { CheckOutcome::Ended } else { CheckOutcome::Passed },
        reason: format!("function_{}", change.into_str()),
    };
    keep_of_director(txn, cx, school, new).await
}

async fn keep_of_director(txn: &Txn, cx: &Context, school: SchoolId, new: NewCheck) -> Result<()> {
    let school = store::school::find(&**txn, &Scope::Everything, school).await?.ok_or_else(|| Error::not_found("school"))?;
    keep(txn, cx, (&school).into(), new, Action::EnrolmentCheck).await
}

/// How and when the caller signed in.
pub(super) fn sign_in_of(cx: &Context) -> serde_json::Value {
    let sign_in = cx.sign_in();
    serde_json::json!({ "method": sign_in.method, "at": sign_in.at })
}
