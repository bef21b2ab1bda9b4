//! What can be done to a case. Each form carries the etag of the case as it was read; when somebody else was faster, the
//! visitor sees both and chooses. When it was the visitor, with a second click, it is simply done.

use axum::{extract::Path, response::Response};
use http::StatusCode;
use portal_frame::{Failure, Fields, Message, Posted, Problem, Visit, answer::WireEnum as _, respond::page_with_status};
use proto::incident_intake::v1::{self as wire, CasePhase, CloseReason};
use runtime::CaseId;

use super::{
    Forms,
    address::CaseQuery,
    case_id,
    conflict::{ConflictPage, Wish},
    find, latest_step,
    page::{CloseForm, NoteForm, ReopenForm},
    render,
    view::Tlp,
    words::CaseWords,
};
use crate::messages;

/// As incident-intake accepts them, in characters.
const MAX_NOTE_CHARS: usize = 10_000;
const MAX_REASON_CHARS: usize = 2_000;

/// `POST /zaken/{case}/toewijzen`: `aan` is `mij`, or empty to give the case back.
pub(crate) async fn assign(Path(case): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let case_id = case_id(&case)?;
    let (assignee, wish, message) = match fields.text("aan") {
        "mij" => ("me", Wish::Take, messages::ASSIGNED),
        "" => ("", Wish::GiveBack, messages::GIVEN_BACK),
        _ => return Err(Failure::Problem(Problem::Invalid)),
    };
    let etag = fields.text("etag").to_owned();
    let request = wire::AssignCaseRequest { case_id: case_id.to_string(), assignee: assignee.to_owned(), etag };
    let answer = visit.calls().cases().assign_case(request).await.map(drop);
    settle(&visit, case_id, answer, wish, message).await
}

/// `POST /zaken/{case}/fase`.
pub(crate) async fn change_phase(Path(case): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let case_id = case_id(&case)?;
    let phase = CasePhase::from_code(fields.text("fase")).ok_or(Failure::Problem(Problem::Invalid))?;
    let etag = fields.text("etag").to_owned();
    let request = wire::ChangeCasePhaseRequest { case_id: case_id.to_string(), phase: phase.into(), etag };
    let answer = visit.calls().cases().change_case_phase(request).await.map(drop);
    settle(&visit, case_id, answer, Wish::Phase(phase), messages::PHASE_CHANGED).await
}

/// `POST /zaken/{case}/notitie`. Notes never conflict: each stands beside the others.
pub(crate) async fn add_note(Path(case): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let case_id = case_id(&case)?;
    let words = CaseWords(visit.language());
    let text = fields.text("tekst").to_owned();
    let tlp = Tlp::from_label(fields.text("tlp")).unwrap_or(Tlp::OF_NOTES);
    let error = wrong(&text, MAX_NOTE_CHARS, words.note_empty(), words.note_too_long());
    if error.is_some() {
        let note = NoteForm { text, tlp: Some(tlp), request_id: String::new(), error };
        return mend(&visit, case_id, Forms { note, ..Forms::default() }).await;
    }
    let request = wire::AddCaseNoteRequest {
        case_id: case_id.to_string(),
        text,
        tlp: tlp.label().to_owned(),
        request_id: fields.text("verzoek").to_owned(),
    };
    visit.calls().cases().add_case_note(request).await?;
    Ok(visit.done(messages::NOTED, &format!("{}#tijdlijn", CaseQuery::of(case_id.to_string()).path())))
}

/// `POST /zaken/{case}/sluiten`.
pub(crate) async fn close(Path(case): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let case_id = case_id(&case)?;
    let words = CaseWords(visit.language());
    let (reason, text) = match read_closing(&fields, words) {
        Ok(closing) => closing,
        Err(close) => return mend(&visit, case_id, Forms { close, ..Forms::default() }).await,
    };
    let request = wire::CloseCaseRequest {
        case_id: case_id.to_string(),
        reason: reason.into(),
        text: text.clone(),
        etag: fields.text("etag").to_owned(),
    };
    let answer = visit.calls().cases().close_case(request).await.map(drop);
    settle(&visit, case_id, answer, Wish::Close { reason, text }, messages::CLOSED).await
}

/// `POST /zaken/{case}/heropenen`.
pub(crate) async fn reopen(Path(case): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let case_id = case_id(&case)?;
    let words = CaseWords(visit.language());
    let text = fields.text("tekst").to_owned();
    let error = wrong(&text, MAX_REASON_CHARS, words.reopen_text_empty(), words.close_text_too_long());
    if error.is_some() {
        return mend(&visit, case_id, Forms { reopen: ReopenForm { text, error }, ..Forms::default() }).await;
    }
    let etag = fields.text("etag").to_owned();
    let request = wire::ReopenCaseRequest { case_id: case_id.to_string(), text: text.clone(), etag };
    let answer = visit.calls().cases().reopen_case(request).await.map(drop);
    settle(&visit, case_id, answer, Wish::Reopen { text }, messages::REOPENED).await
}

/// Why cases are closed, and what was found and done; or the form with what to mend.
pub(crate) fn read_closing(fields: &Fields, words: CaseWords) -> Result<(CloseReason, String), CloseForm> {
    let text = fields.text("tekst").to_owned();
    let chosen = CloseReason::from_code(fields.text("reden"));
    let text_error = wrong(&text, MAX_REASON_CHARS, words.close_text_empty(), words.close_text_too_long());
    match (chosen, text_error) {
        (Some(reason), None) => Ok((reason, text)),
        (reason, text_error) => {
            let reason_error = reason.is_none().then(|| words.close_choose_reason());
            Err(CloseForm { reason, text, reason_error, text_error })
        }
    }
}

/// The error of a required text with a maximum length in characters.
fn wrong(text: &str, most: usize, empty: &'static str, too_long: &'static str) -> Option<&'static str> {
    if text.is_empty() { Some(empty) } else { (text.chars().count() > most).then_some(too_long) }
}

/// The case's page again, with what was written and what to mend.
async fn mend(visit: &Visit, case_id: CaseId, forms: Forms) -> Result<Response, Failure> {
    render(visit, case_id, CaseQuery::of(case_id.to_string()), forms, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// Back to the case, or to the choice between two changes.
async fn settle(
    visit: &Visit,
    case_id: CaseId,
    answer: Result<(), tonic::Status>,
    wish: Wish,
    message: Message,
) -> Result<Response, Failure> {
    match answer {
        Ok(()) => Ok(visit.done(message, &CaseQuery::of(case_id.to_string()).path())),
        Err(status) if Failure::is_conflict(&status) => {
            let calls = visit.calls();
            let (case, latest) = tokio::try_join!(find(&calls, case_id), latest_step(&calls, case_id))?;
            if wish.is_granted(&case, latest.as_ref(), &visit.visitor().id()) {
                return Ok(visit.done(message, &CaseQuery::of(case_id.to_string()).path()));
            }
            let frame = visit.frame("/wachtrij").await?;
            page_with_status(StatusCode::CONFLICT, &ConflictPage { frame, wish, case, latest })
        }
        Err(status) => Err(status.into()),
    }
}
