//! The link of an invitation: what it asks, and taking the function.

mod page;
mod words;

use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use portal_frame::{
    Failure, Posted, Visit,
    respond::{page, page_with_status},
    school::school,
    upstream::Calls,
};
use proto::identity::v1 as wire;
use runtime::SchoolId;
use tonic::Code;

pub(crate) use self::page::{AcceptPage, AcceptedPage, BadLinkPage};
use crate::people::{Invitation, Refusal};

/// After the link was used.
const ACCEPTED: &str = "/uitnodiging/aanvaard";

/// `GET /uitnodiging/{token}`. Opening it changes nothing: mail filters open links too.
pub(crate) async fn show(visit: Visit, Path(token): Path<String>) -> Result<Response, Failure> {
    match accept_page(&visit, token, None).await? {
        Some(asks) => page(&asks),
        None => bad_link(&visit).await,
    }
}

/// `POST /uitnodiging/{token}`.
pub(crate) async fn accept(Path(token): Path<String>, Posted { visit, .. }: Posted) -> Result<Response, Failure> {
    let request = wire::AcceptInvitationRequest { token: token.clone() };
    let status = match visit.calls().invitations().accept_invitation(request).await {
        Ok(_) => return Ok(Redirect::to(ACCEPTED).into_response()),
        Err(status) => status,
    };
    if status.code() == Code::NotFound {
        return bad_link(&visit).await;
    }
    let refusal = Refusal::of(&status).ok_or_else(|| Failure::from(status))?;
    match accept_page(&visit, token, Some(refusal)).await? {
        Some(again) => page_with_status(StatusCode::CONFLICT, &again),
        None => bad_link(&visit).await,
    }
}

/// `GET /uitnodiging/aanvaard`. A page of its own before the start page: for some seconds the services may not know the function yet.
pub(crate) async fn accepted(visit: Visit) -> Result<Response, Failure> {
    page(&AcceptedPage { frame: visit.frame("").await? })
}

/// What the link asks; `None` when it is not good.
async fn accept_page(visit: &Visit, token: String, refusal: Option<Refusal>) -> Result<Option<AcceptPage>, Failure> {
    let calls = visit.calls();
    let invitation = match calls.invitations().show_invitation(wire::ShowInvitationRequest { token: token.clone() }).await {
        Ok(invitation) => Invitation::try_from(invitation.into_inner())?,
        Err(status) if status.code() == Code::NotFound => return Ok(None),
        Err(status) => return Err(status.into()),
    };
    let school = invitation.function.place().and_then(auth::Kind::of);
    let (school_name, frame) = tokio::try_join!(school_name(&calls, school), visit.frame(""))?;
    Ok(Some(AcceptPage { frame, token, invitation, school_name, refusal }))
}

/// Who has no function at a school yet may not read its name.
async fn school_name(calls: &Calls, id: Option<SchoolId>) -> Result<Option<String>, Failure> {
    let Some(id) = id else { return Ok(None) };
    match school(calls, id).await {
        Ok(school) => Ok(Some(school.name)),
        Err(Failure::Problem(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

async fn bad_link(visit: &Visit) -> Result<Response, Failure> {
    page_with_status(StatusCode::NOT_FOUND, &BadLinkPage { frame: visit.frame("").await? })
}
