//! Who works with Schildwacht for a school: who holds which function, who must be confirmed, who is invited.

mod address;
mod page;
mod refusal;
mod stop;
mod view;
mod words;

use auth::{Action, Function, Resource};
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use http::StatusCode;
use portal_frame::{
    Failure, Posted, Problem, Visit,
    answer::Unreadable,
    list::Paging,
    respond::{first_page, page, page_with_status},
    school::{school, school_id},
    upstream::Calls,
    visitor::Visitor,
    words::Terms,
};
use proto::identity::v1 as wire;
use runtime::SchoolId;
use tonic::Status;

pub(crate) use self::{
    address::place,
    page::PeoplePage,
    refusal::{Refusal, RefusalWords},
    stop::{StopPage, stop, stop_form},
    view::Invitation,
    words::PeopleWords,
};
use self::{
    address::{PAGE_SIZE, PeopleQuery, PeopleView, due_before, place_of},
    page::{AppointmentRow, InvitationRow},
    view::Appointment,
};
use crate::messages;

/// Of those that wait and of those that expired; more are work for another day.
const INVITATIONS_SHOWN: i32 = 50;

/// The functions at a school that this visitor may give.
pub(crate) fn functions_to_grant(visitor: &Visitor, school: SchoolId) -> Vec<Function> {
    let may_grant = |function: &Function| visitor.may(Action::FunctionGrant, Resource::Function(*function));
    Function::at(school.into()).into_iter().filter(may_grant).collect()
}

/// `GET /scholen/{school}/mensen`.
pub(crate) async fn list(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let query = PeopleQuery::parse(school_id(&id)?, &query.unwrap_or_default());
    let people = people_page(&visit, query, None).await?;
    let is_past_the_end = people.rows.is_empty() && !people.query.trail.is_first();
    if is_past_the_end { Ok(first_page(&people.query.first_page().href())) } else { page(&people) }
}

/// `POST /scholen/{school}/mensen/{appointment}/blijft`: for a year more.
pub(crate) async fn confirm(
    Path((id, appointment_id)): Path<(String, String)>,
    Posted { visit, fields }: Posted,
) -> Result<Response, Failure> {
    let id = own_school(&visit, &id)?;
    let request = wire::ConfirmAppointmentRequest { appointment_id, etag: fields.text("etag").to_owned() };
    match visit.calls().appointments().confirm_appointment(request).await {
        Ok(_) => Ok(visit.done(messages::FUNCTION_CONFIRMED, &place(id))),
        Err(status) => again(&visit, id, status).await,
    }
}

/// `POST /scholen/{school}/mensen/uitnodigingen/{invitation}/opnieuw`.
pub(crate) async fn resend(
    Path((id, invitation_id)): Path<(String, String)>,
    Posted { visit, fields }: Posted,
) -> Result<Response, Failure> {
    let id = own_school(&visit, &id)?;
    let request = wire::ResendInvitationRequest { invitation_id, etag: fields.text("etag").to_owned() };
    match visit.calls().invitations().resend_invitation(request).await {
        Ok(_) => Ok(visit.done(messages::INVITATION_RESENT, &place(id))),
        Err(status) => again(&visit, id, status).await,
    }
}

/// `POST /scholen/{school}/mensen/uitnodigingen/{invitation}/intrekken`.
pub(crate) async fn withdraw(
    Path((id, invitation_id)): Path<(String, String)>,
    Posted { visit, fields }: Posted,
) -> Result<Response, Failure> {
    let id = own_school(&visit, &id)?;
    let request = wire::WithdrawInvitationRequest { invitation_id, etag: fields.text("etag").to_owned() };
    match visit.calls().invitations().withdraw_invitation(request).await {
        Ok(_) => Ok(visit.done(messages::INVITATION_WITHDRAWN, &place(id))),
        Err(status) => again(&visit, id, status).await,
    }
}

/// The school of an act. What is acted upon is of whichever school it is; one who acts has something to say at the one in the address too.
fn own_school(visit: &Visit, id: &str) -> Result<SchoolId, Failure> {
    let id = school_id(id)?;
    if visit.visitor().may(Action::FunctionRead, id) { Ok(id) } else { Err(Failure::Problem(Problem::NotFound)) }
}

/// The list as it is now, with why an act upon it was refused.
async fn again(visit: &Visit, school: SchoolId, status: Status) -> Result<Response, Failure> {
    let refusal = Refusal::of(&status).ok_or_else(|| Failure::from(status))?;
    page_with_status(StatusCode::CONFLICT, &people_page(visit, PeopleQuery::of(school), Some(refusal)).await?)
}

async fn people_page(visit: &Visit, query: PeopleQuery, refusal: Option<Refusal>) -> Result<PeoplePage, Failure> {
    let (calls, now) = (visit.calls(), visit.around.portal.clock.now());
    let appointments = async |view| {
        let answer = calls.appointments().list_appointments(query.request(view, now)).await;
        Ok(answer.map_err(|status| Failure::of_page(status, || query.first_page().href()))?.into_inner())
    };
    let (school, due, all, ended, open, expired, mut frame) = tokio::try_join!(
        school(&calls, query.school),
        appointments(PeopleView::Due),
        appointments(PeopleView::All),
        appointments(PeopleView::Ended),
        invitations(&calls, query.school, wire::InvitationState::Open),
        invitations(&calls, query.school, wire::InvitationState::Expired),
        visit.frame(place(query.school)),
    )?;
    frame.about_school(query.school, &school.name);
    let view = query.view.unwrap_or(if due.total_size > 0 { PeopleView::Due } else { PeopleView::All });
    let query = PeopleQuery { view: Some(view), ..query };
    let counts = [&due, &all, &ended].map(|list| i64::from(list.total_size));
    let shown = match view {
        PeopleView::Due => due,
        PeopleView::All => all,
        PeopleView::Ended => ended,
    };

    let words = PeopleWords(frame.language());
    let range = query.trail.range(PAGE_SIZE, shown.appointments.len(), i64::from(shown.total_size));
    let in_words = words.range(range.from, range.until, range.total);
    let paging = Paging::new(frame.language(), &query.trail, in_words, &shown.next_page_token, |trail| query.at(trail));
    let appointments = shown.appointments.into_iter().map(Appointment::try_from).collect::<Result<Vec<_>, Unreadable>>()?;
    let rows = appointments.iter().map(|appointment| row(visit, appointment, &appointments, words)).collect();
    let is_cut = [&open, &expired].iter().any(|list| !list.next_page_token.is_empty());
    let invitations = open.invitations.into_iter().chain(expired.invitations).map(|invitation| invitation_row(visit, invitation));
    Ok(PeoplePage {
        invitations: invitations.collect::<Result<_, Unreadable>>()?,
        invitations_are_cut: is_cut,
        may_invite: !functions_to_grant(visit.visitor(), query.school).is_empty(),
        may_end_sessions: visit.visitor().may_everywhere(Action::SessionEnd),
        frame,
        school,
        query,
        view,
        counts,
        rows,
        paging,
        refusal,
    })
}

async fn invitations(calls: &Calls, school: SchoolId, state: wire::InvitationState) -> Result<wire::ListInvitationsResponse, Failure> {
    let request = wire::ListInvitationsRequest {
        place: Some(place_of(school)),
        state: state.into(),
        page_size: INVITATIONS_SHOWN,
        page_token: String::new(),
    };
    Ok(calls.invitations().list_invitations(request).await?.into_inner())
}

/// `shown` are all appointments of the page: of whom is among them, the name is known.
fn row(visit: &Visit, appointment: &Appointment, shown: &[Appointment], words: PeopleWords) -> AppointmentRow {
    let me = visit.visitor().principal().actor();
    let function = Resource::Function(appointment.function);
    let is_mine = appointment.actor() == me;
    let is_due = appointment.must_be_confirmed(due_before(visit.around.portal.clock.now()));
    let appointed_by = if appointment.appointed_by == me {
        Some(words.appointed_by_you().to_owned())
    } else {
        let by = shown.iter().find(|other| other.actor() == appointment.appointed_by);
        by.map(|by| words.appointed_by(Terms(words.0).named(&by.name)))
    };
    AppointmentRow {
        is_due,
        appointed_by,
        may_confirm: is_due && !is_mine && visit.visitor().may(Action::FunctionConfirm, function),
        may_end: appointment.is_open && appointment.may_be_ended_by(visit.visitor()),
        appointment: appointment.clone(),
    }
}

fn invitation_row(visit: &Visit, invitation: wire::Invitation) -> Result<InvitationRow, Unreadable> {
    let invitation = Invitation::try_from(invitation)?;
    let may = |action| visit.visitor().may(action, Resource::Function(invitation.function));
    Ok(InvitationRow { may_resend: may(Action::FunctionGrant), may_withdraw: may(Action::FunctionEnd), invitation })
}
