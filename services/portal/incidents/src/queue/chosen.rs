//! What can be done to several cases of the queue at once. Each is a decision of its own: where somebody else was faster their
//! case is left as it is, and the visitor hears of it.

use auth::Action;
use axum::{
    extract::RawQuery,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use portal_frame::{
    Failure, Fields, Posted, Visit,
    respond::{own_page, page_with_status},
    upstream::Calls,
};
use proto::incident_intake::v1 as wire;

use super::{address::PATH, close_chosen::CloseChosenPage, listed::ListedCase};
use crate::{
    case::{Case, CaseWords, CloseForm, Closing, case_id, find},
    messages,
};

const CLOSE: &str = "/wachtrij/sluiten";
/// As many as a page of the queue shows.
const MOST: usize = 50;

/// A case as it was read, and the etag it had then.
struct Chosen<'a> {
    case_id: &'a str,
    etag: &'a str,
}

fn chosen(fields: &Fields) -> Vec<Chosen<'_>> {
    let read = |value| {
        let (case_id, etag) = str::split_once(value, ' ').unwrap_or((value, ""));
        Chosen { case_id, etag }
    };
    fields.all("zaak").take(MOST).map(read).collect()
}

/// `POST /wachtrij/neem`: puts the chosen cases in the visitor's name.
pub(crate) async fn take(Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let back = own_page(fields.text("terug")).to_owned();
    let chosen = chosen(&fields);
    if chosen.is_empty() {
        return Ok(visit.done(messages::NOTHING_CHOSEN, &back));
    }
    let calls = visit.calls();
    let me = visit.visitor().id();
    let mut tally = Tally::default();
    for Chosen { case_id, etag } in chosen {
        let request = wire::AssignCaseRequest { case_id: case_id.to_owned(), assignee: "me".to_owned(), etag: etag.to_owned() };
        let answer = calls.cases().assign_case(request).await.map(drop);
        if !tally.count(is_done(&calls, case_id, answer, |case| case.is_of(&me)).await)? {
            break;
        }
    }
    Ok(visit.done(if tally.is_whole { messages::ALL_TAKEN } else { messages::SOME_TAKEN }, &back))
}

/// `GET /wachtrij/sluiten`: the chosen cases as they are now, and the form that closes them.
pub(crate) async fn close_form(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let fields = Fields::of_address(&query.unwrap_or_default());
    let back = own_page(fields.text("terug")).to_owned();
    ask(&visit, &chosen(&fields), back, CloseForm::default(), StatusCode::OK).await
}

/// `POST /wachtrij/sluiten`: to the form when no reason is given yet, else closes the chosen cases.
pub(crate) async fn close(Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let back = own_page(fields.text("terug")).to_owned();
    let chosen = chosen(&fields);
    if chosen.is_empty() {
        return Ok(visit.done(messages::NOTHING_CHOSEN, &back));
    }
    if fields.given("reden").is_none() {
        let mut question = url::form_urlencoded::Serializer::new(String::new());
        question.extend_pairs(chosen.iter().map(|chosen| ("zaak", chosen.case_id))).append_pair("terug", &back);
        return Ok(Redirect::to(&format!("{CLOSE}?{}", question.finish())).into_response());
    }
    let form = CloseForm::of(&fields);
    let calls = visit.calls();
    let wanted = Closing { reason: form.reason.unwrap_or_default(), text: form.text.clone() };
    let mut tally = Tally::default();
    for &Chosen { case_id, etag } in &chosen {
        let answer = calls.cases().close_case(form.request(case_id.to_owned(), etag)).await.map(drop);
        // What is refused for one case is refused for all, so for the first.
        if let Some(form) = answer.as_ref().err().and_then(|status| form.refused(status, CaseWords(visit.language()))) {
            return ask(&visit, &chosen, back, form, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        if !tally.count(is_done(&calls, case_id, answer, |case| case.closing.as_ref() == Some(&wanted)).await)? {
            break;
        }
    }
    Ok(visit.done(if tally.is_whole { messages::ALL_CLOSED } else { messages::SOME_CLOSED }, &back))
}

/// How far it came.
struct Tally {
    some_done: bool,
    is_whole: bool,
}

impl Default for Tally {
    fn default() -> Self {
        Self { some_done: false, is_whole: true }
    }
}

impl Tally {
    /// Counts what became of a case, and says whether to go on. A failure is the visitor's answer only while nothing has been done:
    /// afterwards they must hear that something was.
    fn count(&mut self, outcome: Result<bool, Failure>) -> Result<bool, Failure> {
        match outcome {
            Ok(is_done) => {
                self.some_done |= is_done;
                self.is_whole &= is_done;
                Ok(true)
            }
            Err(failure) if self.some_done => {
                tracing::warn!(name: "queue.chosen_broken_off", failure = ?failure, "not all chosen cases could be changed");
                self.is_whole = false;
                Ok(false)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// Whether a decision holds; also when it was made by the first of two clicks. One that came too late does not.
async fn is_done(calls: &Calls, id: &str, answer: Result<(), tonic::Status>, holds: impl FnOnce(&Case) -> bool) -> Result<bool, Failure> {
    match answer {
        Ok(()) => Ok(true),
        Err(status) if Failure::is_conflict(&status) || status.code() == tonic::Code::FailedPrecondition => {
            Ok(holds(&find(calls, case_id(id)?).await?))
        }
        Err(status) => Err(status.into()),
    }
}

/// Shows the cases as they are now, with the form for the reason. Cases that are closed already are left out.
async fn ask(visit: &Visit, chosen: &[Chosen<'_>], back: String, close: CloseForm, status: StatusCode) -> Result<Response, Failure> {
    let case_ids = chosen.iter().map(|chosen| case_id(chosen.case_id)).collect::<Result<Vec<_>, _>>()?;
    if !visit.visitor().may_everywhere(Action::CaseClose) {
        return Ok(Redirect::to(&back).into_response());
    }
    if case_ids.is_empty() {
        return Ok(visit.done(messages::NOTHING_CHOSEN, &back));
    }
    let page_size = i32::try_from(MOST).unwrap_or(i32::MAX);
    let case_ids = case_ids.iter().map(ToString::to_string).collect();
    let request = wire::ListCasesRequest { page_size, case_ids, ..wire::ListCasesRequest::default() };
    let calls = visit.calls();
    let mut service = calls.cases();
    let (answer, frame) = tokio::join!(service.list_cases(request), visit.frame(PATH));
    let answer = answer?.into_inner();
    let cases = ListedCase::all_of(answer.cases, answer.devices)?;
    if cases.is_empty() {
        return Ok(Redirect::to(&back).into_response());
    }
    page_with_status(status, &CloseChosenPage { frame: frame?, cases, close, back })
}
