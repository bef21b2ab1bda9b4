//! Somebody is asked, by a link to their mailbox, to take a function at a school.

mod page;
mod words;

use auth::{Action, Resource};
use axum::{extract::Path, response::Response};
use http::StatusCode;
use portal_frame::{
    Failure, Fields, Posted, Problem, Visit,
    language::{day_of, end_of},
    respond::{page, page_with_status},
    school::{school, school_id},
};
use proto::{identity::v1 as wire, time::timestamp};
use runtime::SchoolId;
use tonic::Status;

pub(crate) use self::page::InvitePage;
use self::page::{Problems, Written};
use crate::{
    messages,
    people::{self, Refusal, functions_to_grant},
};

/// `GET /scholen/{school}/mensen/uitnodigen`.
pub(crate) async fn form(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    page(&invite_page(&visit, school_id(&id)?, Written::default(), Problems::default(), visit.new_request_id()).await?)
}

/// `POST /scholen/{school}/mensen/uitnodigen`.
pub(crate) async fn send(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let id = school_id(&id)?;
    let written = Written::of(&fields);
    let request_id = fields.text("verzoek").to_owned();
    let end = if written.day.is_empty() { Some(None) } else { day_of(&written.day).and_then(end_of).map(Some) };
    let (code, problems) = match end {
        None => (StatusCode::UNPROCESSABLE_ENTITY, Problems { day: true, ..Problems::default() }),
        Some(end) => {
            let request = wire::CreateInvitationRequest {
                email: written.email.clone(),
                function: written.function.clone(),
                end_time: end.map(timestamp),
                request_id: request_id.clone(),
            };
            match visit.calls().invitations().create_invitation(request).await {
                Ok(_) => return Ok(visit.done(messages::INVITATION_SENT, &people::place(id))),
                Err(status) => problems_of(status)?,
            }
        }
    };
    page_with_status(code, &invite_page(&visit, id, written, problems, request_id).await?)
}

/// What to correct, or the failure that no form can correct.
fn problems_of(status: Status) -> Result<(StatusCode, Problems), Failure> {
    let problems = Problems {
        email: Failure::refuses(&status, "email"),
        function: Failure::refuses(&status, "function"),
        day: Failure::refuses(&status, "end_time"),
        is_too_late: Failure::has_reason(&status, "outlives_authority"),
        refusal: Refusal::of(&status),
    };
    match problems {
        problems if problems == Problems::default() => Err(status.into()),
        Problems { refusal: Some(_), .. } => Ok((StatusCode::CONFLICT, problems)),
        problems => Ok((StatusCode::UNPROCESSABLE_ENTITY, problems)),
    }
}

async fn invite_page(visit: &Visit, id: SchoolId, written: Written, problems: Problems, request_id: String) -> Result<InvitePage, Failure> {
    let visitor = visit.visitor();
    let functions = functions_to_grant(visitor, id);
    if functions.is_empty() {
        return Err(Failure::Problem(Problem::Denied));
    }
    let calls = visit.calls();
    let (school, mut frame) = tokio::try_join!(school(&calls, id), visit.frame(people::place(id)))?;
    frame.about_school(id, &school.name);
    let ends = functions.iter().filter_map(|function| visitor.may_until(Action::FunctionGrant, Resource::Function(*function)));
    Ok(InvitePage { own_end: ends.min(), frame, school, functions, written, problems, request_id })
}

impl Written {
    fn of(fields: &Fields) -> Self {
        let text = |name| fields.text(name).to_owned();
        Self { email: text("mail"), function: text("functie"), day: text("tot") }
    }
}
