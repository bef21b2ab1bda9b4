//! The platform team erases who a person is: one proposes it, another agrees.

mod page;
mod refusal;
mod view;
mod words;

use auth::Action;
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use http::StatusCode;
use portal_frame::{
    Failure, Fields, Posted, Problem, Visit,
    respond::{page, page_with_status},
};
use proto::identity::v1 as wire;
use runtime::PersonId;

pub(crate) use self::{page::ErasuresPage, words::ErasuresWords};
use self::{
    page::{Problems, Written},
    refusal::Refusal,
    view::Proposal,
};
use crate::{
    end_sessions::{self, person_id},
    messages,
};

pub(crate) const PLACE: &str = "/wissen";

/// Proposals that the page shows.
const SHOWN: i32 = 200;

/// `GET /wissen?persoon=…`.
pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let written = Written::of(&Fields::of_address(&query.unwrap_or_default()));
    page(&erasures_page(&visit, written, Problems::default()).await?)
}

/// `POST /wissen`.
pub(crate) async fn propose(Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let written = Written::of(&fields);
    let request = wire::ProposeErasureRequest {
        person_id: person_id(&written.person).to_owned(),
        reason: written.reason.clone(),
        request_id: fields.text("verzoek").to_owned(),
    };
    match visit.calls().erasures().propose_erasure(request).await {
        Ok(_) => Ok(visit.done(messages::ERASURE_PROPOSED, PLACE)),
        Err(status) => {
            let (person, reason) = (Failure::refuses(&status, "person_id"), Failure::refuses(&status, "reason"));
            again(&visit, status, written, Problems { person, reason, refusal: None }).await
        }
    }
}

/// `POST /wissen/{erasure}/goedkeuren`: identity erases the person, then their sessions end here and at the issuer.
pub(crate) async fn agree(Path(erasure_id): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let request = wire::AgreeErasureRequest { erasure_id, etag: fields.text("etag").to_owned() };
    match visit.calls().erasures().agree_erasure(request).await {
        Ok(answer) => {
            let person: PersonId = answer.into_inner().person_id.parse().map_err(|_| Failure::Problem(Problem::Invalid))?;
            match visit.around.portal.sessions.end_all_of(person).await {
                Ok(()) => Ok(visit.done(messages::PERSON_ERASED, PLACE)),
                // The person is erased. Agreeing again is refused, so this is done by hand.
                Err(error) => {
                    tracing::warn!(name: "session.not_ended", error = %runtime::error::chain(&error), "sessions of an erased person are still there");
                    Ok(visit.done(messages::ERASED_SESSIONS_STAY, end_sessions::PLACE))
                }
            }
        }
        Err(status) => again(&visit, status, Written::default(), Problems::default()).await,
    }
}

/// `POST /wissen/{erasure}/intrekken`.
pub(crate) async fn withdraw(Path(erasure_id): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let request = wire::WithdrawErasureRequest { erasure_id, etag: fields.text("etag").to_owned() };
    match visit.calls().erasures().withdraw_erasure(request).await {
        Ok(_) => Ok(visit.done(messages::ERASURE_WITHDRAWN, PLACE)),
        Err(status) => again(&visit, status, Written::default(), Problems::default()).await,
    }
}

/// The page as it is now, with what to correct or why an act was refused.
async fn again(visit: &Visit, status: tonic::Status, written: Written, problems: Problems) -> Result<Response, Failure> {
    let refusal = Refusal::of(&status);
    let problems = Problems { refusal, ..problems };
    if problems == Problems::default() {
        return Err(status.into());
    }
    let code = if refusal.is_some() { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    page_with_status(code, &erasures_page(visit, written, problems).await?)
}

async fn erasures_page(visit: &Visit, written: Written, problems: Problems) -> Result<ErasuresPage, Failure> {
    if !visit.visitor().may_everywhere(Action::ErasureDecide) {
        return Err(Failure::Problem(Problem::Denied));
    }
    let request = wire::ListErasuresRequest { only_open: true, page_size: SHOWN, page_token: String::new() };
    let waiting = visit.calls().erasures().list_erasures(request).await?.into_inner();
    let me = visit.visitor().principal().actor();
    Ok(ErasuresPage {
        frame: visit.frame(PLACE).await?,
        request_id: visit.new_request_id(),
        is_cut: !waiting.next_page_token.is_empty(),
        waiting: waiting.erasures.into_iter().map(|erasure| Proposal::read(erasure, &me)).collect::<Result<_, _>>()?,
        written,
        problems,
    })
}

impl Written {
    fn of(fields: &Fields) -> Self {
        Self { person: fields.text("persoon").to_owned(), reason: fields.text("reden").to_owned() }
    }
}
