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
    let text = fields.text("tekst").to_owned();
    let tlp = Tlp::from_label(fields.text("tlp")).unwrap_or(Tlp::OF_NOTES);
    let request = wire::AddCaseNoteRequest {
        case_id: case_id.to_string(),
        text: text.clone(),
        tlp: tlp.label().to_owned(),
        request_id: fields.text("verzoek").to_owned(),
    };
    match visit.calls().cases().add_case_note(request).await {
        Ok(_) => Ok(visit.done(messages::NOTED, &format!("{}#tijdlijn", CaseQuery::of(case_id.to_string()).path()))),
        Err(status) if Failure::refuses(&status, "text") => {
            let words = CaseWords(visit.language());
            let error = Some(if text.is_empty() { words.note_empty() } else { words.note_too_long() });
            let note = NoteForm { text, tlp: Some(tlp), request_id: String::new(), error };
            mend(&visit, case_id, Forms { note, ..Forms::default() }).await
        }
        Err(status) => Err(status.into()),
    }
}

/// `POST /zaken/{case}/sluiten`.
pub(crate) async fn close(Path(case): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let case_id = case_id(&case)?;
    let close = CloseForm::of(&fields);
    let answer = visit.calls().cases().close_case(close.request(case_id.to_string(), fields.text("etag"))).await.map(drop);
    if let Some(close) = answer.as_ref().err().and_then(|status| close.refused(status, CaseWords(visit.language()))) {
        return mend(&visit, case_id, Forms { close, ..Forms::default() }).await;
    }
    let (reason, text) = (close.reason.unwrap_or_default(), close.text);
    settle(&visit, case_id, answer, Wish::Close { reason, text }, messages::CLOSED).await
}

/// `POST /zaken/{case}/heropenen`.
pub(crate) async fn reopen(Path(case): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let case_id = case_id(&case)?;
    let text = fields.text("tekst").to_owned();
    let etag = fields.text("etag").to_owned();
    let request = wire::ReopenCaseRequest { case_id: case_id.to_string(), text: text.clone(), etag };
    let answer = visit.calls().cases().reopen_case(request).await.map(drop);
    if answer.as_ref().is_err_and(|status| Failure::refuses(status, "text")) {
        let words = CaseWords(visit.language());
        let error = Some(if text.is_empty() { words.reopen_text_empty() } else { words.close_text_too_long() });
        return mend(&visit, case_id, Forms { reopen: ReopenForm { text, error }, ..Forms::default() }).await;
    }
    settle(&visit, case_id, answer, Wish::Reopen { text }, messages::REOPENED).await
}

impl CloseForm {
    /// Why cases are closed, and what was found and done, as it was written.
    pub(crate) fn of(fields: &Fields) -> Self {
        Self { reason: CloseReason::from_code(fields.text("reden")), text: fields.text("tekst").to_owned(), ..Self::default() }
    }

    pub(crate) fn request(&self, case_id: String, etag: &str) -> wire::CloseCaseRequest {
        let reason = self.reason.unwrap_or_default();
        wire::CloseCaseRequest { case_id, reason: reason.into(), text: self.text.clone(), etag: etag.to_owned() }
    }

    /// The form with what to correct, where the service refuses what it holds.
    pub(crate) fn refused(&self, status: &tonic::Status, words: CaseWords) -> Option<Self> {
        let text_error = if self.text.is_empty() { words.close_text_empty() } else { words.close_text_too_long() };
        let refused = Self {
            reason_error: Failure::refuses(status, "reason").then(|| words.close_choose_reason()),
            text_error: Failure::refuses(status, "text").then_some(text_error),
            ..self.clone()
        };
        (refused.reason_error.is_some() || refused.text_error.is_some()).then_some(refused)
    }
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
