//! What people decide about cases: who works on it, in which phase it is, notes, and its end.

use auth::{Action, Context, Scope};
use chrono::{DateTime, Utc};
use runtime::{CaseId, Error, Etag, PersonId, RequestId, Result, SchoolId};
use storage::Txn;

use super::{App, acting_person, record_case::record_case, require_person};
use crate::{
    domain::{
        case::Case,
        change::{CaseChange, TimelineEntry},
        close_reason::CloseReason,
        person::Person,
        phase::Phase,
        tlp::Tlp,
        words::{NoteWords, ReasonWords},
    },
    store,
};

/// Who is to work on a case.
#[derive(Debug, Clone)]
pub struct AssignCase {
    pub case_id: CaseId,
    /// To whom.
    pub to: AssignTo,
    /// The case as the caller read it.
    pub etag: Etag,
}

/// To whom a case goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssignTo {
    /// The caller.
    Me,
    /// Somebody who has worked on cases before.
    Person(PersonId),
    /// Back to the queue.
    Nobody,
}

/// Which phase a case goes to, forward or back.
#[derive(Debug, Clone)]
pub struct ChangeCasePhase {
    pub case_id: CaseId,
    /// Where it goes.
    pub phase: Phase,
    /// The case as the caller read it.
    pub etag: Etag,
}

/// A note. It needs no etag, because it decides nothing.
#[derive(Debug, Clone)]
pub struct AddCaseNote {
    pub case_id: CaseId,
    pub text: NoteWords,
    /// Who may read it.
    pub tlp: Tlp,
    /// Unique for this caller and case.
    pub request_id: Option<RequestId>,
}

/// Why a case is closed, as a reason that is counted and in words.
#[derive(Debug, Clone)]
pub struct CloseCase {
    pub case_id: CaseId,
    pub reason: CloseReason,
    pub text: ReasonWords,
    /// The case as the caller read it.
    pub etag: Etag,
}

/// Why a closed case is taken up again.
#[derive(Debug, Clone)]
pub struct ReopenCase {
    pub case_id: CaseId,
    pub text: ReasonWords,
    /// The case as the caller read it.
    pub etag: Etag,
}

/// Answers the case as it is now. Giving it to who has it changes nothing.
pub async fn assign_case(app: &App, cx: &Context, asked: AssignCase) -> Result<Case> {
    let scope = cx.scope(Action::CaseAssign)?;
    require_person(cx)?;

    let txn = app.database.begin_within(&scope).await?;
    let mut case = to_change(&txn, &scope, asked.case_id, &asked.etag).await?;
    let me = acting_person(&txn, cx).await?;
    let to = resolve(&txn, asked.to, me).await?;

    let reacted_before = case.reacted_at;
    let Some(change) = case.assign(to, cx.clock.now())? else { return Ok(case) };

    keep(app, cx, txn, &case, change, reacted_before).await?;
    Ok(case)
}

async fn resolve(txn: &Txn, to: AssignTo, me: Person) -> Result<Option<Person>> {
    match to {
        AssignTo::Nobody => Ok(None),
        AssignTo::Me => Ok(Some(me)),
        AssignTo::Person(id) if id == me.id => Ok(Some(me)),
        AssignTo::Person(id) => {
            let known = store::person::find_to_name(txn, id).await?;
            let unknown =
                || Error::invalid_field("assignee", "this person has not worked on a case yet; they can take the case themselves");
            known.map(Some).ok_or_else(unknown)
        }
    }
}

/// Answers the case as it is now. Moving it to the phase it is in changes nothing.
pub async fn change_case_phase(app: &App, cx: &Context, asked: ChangeCasePhase) -> Result<Case> {
    let scope = cx.scope(Action::CaseChangePhase)?;
    require_person(cx)?;

    let txn = app.database.begin_within(&scope).await?;
    let mut case = to_change(&txn, &scope, asked.case_id, &asked.etag).await?;

    let reacted_before = case.reacted_at;
    let Some(change) = case.change_phase(asked.phase, cx.clock.now())? else { return Ok(case) };

    keep(app, cx, txn, &case, change, reacted_before).await?;
    Ok(case)
}

/// Answers its entry in the timeline; the one written before, when the request is a repetition.
pub async fn add_case_note(app: &App, cx: &Context, asked: AddCaseNote) -> Result<TimelineEntry> {
    let scope = cx.scope(Action::CaseNote)?;
    let me = require_person(cx)?;

    let txn = app.database.begin_within(&scope).await?;
    let found = store::case::find_to_change(&txn, &scope, asked.case_id).await?;
    let mut case = found.ok_or_else(|| Error::not_found("case"))?;
    let change = CaseChange::NoteAdded { text: asked.text, tlp: asked.tlp };
    if let Some(request_id) = asked.request_id
        && let Some(before) = store::timeline::find_by_request(&txn, case.id, me, request_id).await?
    {
        RequestId::require_repetition(before.change == change)?;
        return Ok(before);
    }

    case.note(cx.clock.now());

    store::case::update(&txn, &case).await?;
    let entry = record_case(&txn, cx, &case, change, asked.request_id).await?;
    txn.commit().await?;
    Ok(entry)
}

/// Answers the case as it is now, and counts how long it was open.
pub async fn close_case(app: &App, cx: &Context, asked: CloseCase) -> Result<Case> {
    let scope = cx.scope(Action::CaseClose)?;
    require_person(cx)?;

    let txn = app.database.begin_within(&scope).await?;
    let mut case = to_change(&txn, &scope, asked.case_id, &asked.etag).await?;
    let me = acting_person(&txn, cx).await?;

    let reacted_before = case.reacted_at;
    let change = case.close(asked.reason, asked.text, me, cx.clock.now())?;

    keep(app, cx, txn, &case, change, reacted_before).await?;
    app.metrics.case_closed(&case, asked.reason);
    Ok(case)
}

/// Answers the case as it is now. Refused when another open case has its signature or one of its alerts.
pub async fn reopen_case(app: &App, cx: &Context, asked: ReopenCase) -> Result<Case> {
    let scope = cx.scope(Action::CaseReopen)?;
    require_person(cx)?;

    let txn = app.database.begin_within(&scope).await?;
    let mut case = to_change(&txn, &scope, asked.case_id, &asked.etag).await?;

    let now = cx.clock.now();
    let targets = &app.content_at(now)?.body.targets;
    let reacted_before = case.reacted_at;
    let change = case.reopen(asked.text, targets, now)?;
    // The same signature has come back since: that case goes on.
    if let Some(newer) = store::case_of_alert::find_open_of_signature(&txn, case.school.id, &case.signature.id).await? {
        let advice = format!("{} is open for the same signature at this school; work on that one", newer.reference);
        return Err(Error::failed_precondition("newer_case_open", advice));
    }
    // An alert belongs to one open case at most: what it tells next must go somewhere.
    if let Some(other) = store::case_of_alert::find_open_sharing_evidence(&txn, &case).await? {
        let advice = format!("{} is open and has alerts of this case as evidence; work on that one, or close it first", other.reference);
        return Err(Error::failed_precondition("evidence_in_open_case", advice));
    }

    keep(app, cx, txn, &case, change, reacted_before).await?;
    Ok(case)
}

/// The case, with nobody else changing it, if the caller has read it as it is now.
async fn to_change(txn: &Txn, scope: &Scope<SchoolId>, id: CaseId, etag: &Etag) -> Result<Case> {
    let found = store::case::find_to_change(txn, scope, id).await?;
    let case = found.ok_or_else(|| Error::not_found("case"))?;
    etag.require(&case.etag())?;
    Ok(case)
}

/// Keeps and records what was decided, and counts a first reaction.
async fn keep(app: &App, cx: &Context, txn: Txn, case: &Case, change: CaseChange, reacted_before: Option<DateTime<Utc>>) -> Result<()> {
    store::case::update(&txn, case).await?;
    record_case(&txn, cx, case, change, None).await?;
    txn.commit().await?;
    app.metrics.case_decided(case, reacted_before);
    Ok(())
}
