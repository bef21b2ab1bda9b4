//! What can be done to several cases of the queue at once. Each is a decision of its own: where somebody else was faster their
//! case is left as it is, and the visitor hears of it.

use axum::response::{IntoResponse as _, Redirect, Response};
use futures::future::join_all;
use http::StatusCode;
use proto::incident_intake::v1 as wire;

use super::{
    around::Visit,
    case::{case_id, find},
    case_forms::read_closing,
    failure::Failure,
    form::{Fields, Posted},
    queue::menu_figures,
    respond::{done, own_page, page_with_status},
};
use crate::{
    page::{CloseChosenPage, CloseForm, Flash, Place, Problem},
    upstream::Calls,
    view::{Case, Closing},
    words::CaseWords,
};

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
pub(super) async fn take(Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let back = own_page(fields.text("terug")).to_owned();
    let chosen = chosen(&fields);
    if chosen.is_empty() {
        return Ok(Redirect::to(&back).into_response());
    }
    let calls = visit.calls();
    let me = visit.visitor().id();
    let mut all_done = true;
    for Chosen { case_id, etag } in chosen {
        let request = wire::AssignCaseRequest { case_id: case_id.to_owned(), assignee: "me".to_owned(), etag: etag.to_owned() };
        let answer = calls.cases().assign_case(request).await.map(drop);
        all_done &= is_done(&calls, case_id, answer, |case| case.is_of(&me)).await?;
    }
    Ok(done(&visit, if all_done { Flash::AllTaken } else { Flash::SomeTaken }, &back))
}

/// `POST /wachtrij/sluiten`: asks why when no reason is given, and closes the chosen cases when one is.
pub(super) async fn close(Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let back = own_page(fields.text("terug")).to_owned();
    let chosen = chosen(&fields);
    if chosen.is_empty() {
        return Ok(Redirect::to(&back).into_response());
    }
    if fields.given("reden").is_none() {
        return ask(&visit, &chosen, back, CloseForm::default(), StatusCode::OK).await;
    }
    let (reason, text) = match read_closing(&fields, CaseWords(visit.around.preferences.language)) {
        Ok(closing) => closing,
        Err(form) => return ask(&visit, &chosen, back, form, StatusCode::UNPROCESSABLE_ENTITY).await,
    };
    let calls = visit.calls();
    let wanted = Closing { reason, text };
    let mut all_done = true;
    for Chosen { case_id, etag } in chosen {
        let (text, etag) = (wanted.text.clone(), etag.to_owned());
        let request = wire::CloseCaseRequest { case_id: case_id.to_owned(), reason: wire::CloseReason::from(reason).into(), text, etag };
        let answer = calls.cases().close_case(request).await.map(drop);
        all_done &= is_done(&calls, case_id, answer, |case| case.closing.as_ref() == Some(&wanted)).await?;
    }
    Ok(done(&visit, if all_done { Flash::AllClosed } else { Flash::SomeClosed }, &back))
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

/// The cases as they stand now, with the reason to be given.
async fn ask(visit: &Visit, chosen: &[Chosen<'_>], back: String, close: CloseForm, status: StatusCode) -> Result<Response, Failure> {
    let calls = visit.calls();
    let ids = chosen.iter().map(|chosen| case_id(chosen.case_id)).collect::<Result<Vec<_>, _>>()?;
    let (found, figures) = tokio::join!(join_all(ids.into_iter().map(|id| find(&calls, id))), menu_figures(visit));
    let mut cases = Vec::new();
    for answer in found {
        match answer {
            Ok(case) if case.is_closed() => {}
            Ok(case) => cases.push(case),
            Err(Failure::Problem(Problem::NotFound)) => {}
            Err(failure) => return Err(failure),
        }
    }
    if cases.is_empty() {
        return Ok(done(visit, Flash::SomeClosed, &back));
    }
    let mut frame = visit.frame(Place::Queue)?;
    frame.queue = figures;
    frame.here = back.clone();
    page_with_status(status, &CloseChosenPage { frame, cases, close, back })
}
