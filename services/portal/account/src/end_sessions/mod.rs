//! The platform team ends all sessions of a person.

mod page;
mod words;

use auth::Action;
use axum::{extract::RawQuery, response::Response};
use http::StatusCode;
use portal_frame::{
    Failure, Fields, Posted, Problem, Visit,
    respond::{page, page_with_status},
};
use proto::identity::v1 as wire;
use runtime::PersonId;

use self::page::{Problems, Written};
pub(crate) use self::{page::EndSessionsPage, words::EndSessionsWords};
use crate::messages;

pub(crate) const PLACE: &str = "/sessies";

/// `GET /sessies?persoon=…`.
pub(crate) async fn form(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let written = Written::of(&Fields::of_address(&query.unwrap_or_default()));
    page(&end_sessions_page(&visit, written, Problems::default()).await?)
}

/// `POST /sessies`: identity permits it and puts it on record, then the sessions end here and at the issuer. Who is told that it did not work
/// does it once more.
pub(crate) async fn end(Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let written = Written::of(&fields);
    let request = wire::EndSessionsRequest { person_id: person_id(&written.person).to_owned(), reason: written.reason.clone() };
    let problems = match visit.calls().sessions().end_sessions(request).await {
        Ok(_) => {
            let person: PersonId = person_id(&written.person).parse().map_err(|_| Failure::Problem(Problem::Invalid))?;
            visit.around.portal.sessions.end_all_of(person).await?;
            return Ok(visit.done(messages::SESSIONS_ENDED, PLACE));
        }
        Err(status) => {
            let problems = Problems { person: Failure::refuses(&status, "person_id"), reason: Failure::refuses(&status, "reason") };
            if problems == Problems::default() {
                return Err(status.into());
            }
            problems
        }
    };
    page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &end_sessions_page(&visit, written, problems).await?)
}

async fn end_sessions_page(visit: &Visit, written: Written, problems: Problems) -> Result<EndSessionsPage, Failure> {
    if !visit.visitor().may_everywhere(Action::SessionEnd) {
        return Err(Failure::Problem(Problem::Denied));
    }
    Ok(EndSessionsPage { frame: visit.frame(PLACE).await?, written, problems })
}

impl Written {
    fn of(fields: &Fields) -> Self {
        Self { person: fields.text("persoon").to_owned(), reason: fields.text("reden").to_owned() }
    }
}

/// The audit trail and the log write `person:<id>`.
pub(crate) fn person_id(written: &str) -> &str {
    written.strip_prefix("person:").unwrap_or(written)
}
