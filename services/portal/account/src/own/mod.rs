//! A person's own account: who they are to Schildwacht, how they signed in, what they may do, and where they are signed in.

mod page;
mod view;
mod words;

use axum::response::Response;
use portal_frame::{Failure, Posted, Visit, respond::page};

pub(crate) use self::page::AccountPage;
use self::view::{HeldAt, functions};
use crate::messages;

pub(crate) const PLACE: &str = "/account";

/// `GET /account`.
pub(crate) async fn show(visit: Visit) -> Result<Response, Failure> {
    let sessions = async { Ok(visit.around.portal.sessions.of_same_person(&visit.session).await?) };
    let functions = async { Ok::<Vec<HeldAt>, Failure>(functions(&visit).await) };
    let (sessions, functions, frame) = tokio::try_join!(sessions, functions, visit.frame(PLACE))?;
    let sign_in = &visit.session.sign_in;
    let method = visit.visitor().sign_in_method(sign_in, frame.now);
    // Anyone who came through a provider has no password at the issuer.
    let issuers_page = visit.around.portal.issuers_account_page().filter(|_| sign_in.provider.is_none());
    page(&AccountPage { issuers_page, method, signed_in_at: sign_in.at.unwrap_or(visit.session.since), functions, sessions, frame })
}

/// `POST /account/sessie`: on another device. One that has ended meanwhile has ended all the same.
pub(crate) async fn end_one(Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    visit.around.portal.sessions.end_other(&visit.session, fields.text("sessie")).await?;
    Ok(visit.done(messages::SIGNED_OUT_THERE, PLACE))
}

/// `POST /account/andere-sessies`: everywhere but here.
pub(crate) async fn end_others(Posted { visit, .. }: Posted) -> Result<Response, Failure> {
    visit.around.portal.sessions.end_all_others(&visit.session).await?;
    Ok(visit.done(messages::SIGNED_OUT_ELSEWHERE, PLACE))
}
