//! Use cases of invitations: somebody is asked to take a function.

use auth::{Action, Context, Function, Resource};
use chrono::{DateTime, Utc};
use runtime::{Error, Etag, RequestId, Result};
use serde::Serialize;
use storage::{
    Page, PageRequest, Paging, Reach, RequestKey, Txn,
    audit::{self, Entry},
};

use super::{
    App,
    appointment::{appoint, as_text, chain_of, function_reach, require_grant},
    keep_check::{director_signed_in, lock_proof},
    know_again::know_again,
    queue_letter::queue_letter,
};
use crate::{
    domain::{
        Appointment, Email, Invitation, InvitationChange, InvitationId, InvitationRefusal, Person, PersonName, Place, Secret, SecretHash,
        Term, letter,
    },
    store,
};

pub use store::invitation::Filter as InvitationFilter;

/// A page of the invitations of a place.
#[derive(Debug, Clone, Serialize)]
pub struct ListInvitations {
    #[serde(serialize_with = "as_text")]
    pub place: Place,
    pub only: Option<InvitationFilter>,
    pub page: PageRequest,
}

/// An invitation to be.
#[derive(Debug, Clone)]
pub struct CreateInvitation {
    pub email: Email,
    pub function: Function,
    pub until: Option<DateTime<Utc>>,
    /// Unique for this caller.
    pub request_id: Option<RequestId>,
}

/// Which invitation.
#[derive(Debug, Clone)]
pub struct ChangeInvitation {
    pub invitation_id: InvitationId,
    /// The invitation as the caller read it.
    pub etag: Etag,
}

/// `NotFound` also when the caller may not see it.
pub async fn get_invitation(app: &App, cx: &Context, id: InvitationId) -> Result<Invitation> {
    let reader = app.database.reader_within(function_reach(cx)).await?;
    let found = store::invitation::find(&reader, id).await?.ok_or_else(|| Error::not_found("invitation"))?;
    require_seen(cx, &found)?;
    Ok(found)
}

/// Those of one place, to who may see all of them.
pub async fn list_invitations(app: &App, cx: &Context, asked: ListInvitations) -> Result<Page<Invitation>> {
    let Place(place) = asked.place;
    cx.require(Action::FunctionRead, place)?;
    let paging = Paging::begin(&asked, &asked.page)?;
    let reader = app.database.reader_within(asked.place).await?;
    Ok(store::invitation::list(&reader, asked.place, asked.only, cx.clock.now(), &paging).await?)
}

/// Answers the invitation made before when the request is a repetition; no second mail goes out.
pub async fn create_invitation(app: &App, cx: &Context, asked: CreateInvitation) -> Result<Invitation> {
    let CreateInvitation { email, function, until, request_id } = asked;
    let now = cx.clock.now();
    let authority = require_grant(app, cx, function).await?;
    let term = Term::new(now, until).ok_or_else(|| Error::invalid_field("end_time", "give an end in the future"))?;
    let Term { until, .. } = term.within(authority)?;
    let place = Place::of(function).ok_or_else(|| Error::not_found("function"))?;
    let key = RequestKey::of(cx, request_id);

    let txn = app.database.begin_within(function_reach(cx).or(place)).await?;
    store::place::lock(&txn, place).await?;
    if let Some(before) = store::invitation::find_by_request(&*txn, &key).await? {
        RequestId::require_repetition(before.email == email && before.function == function && before.until == until)?;
        return Ok(before);
    }
    let of_today = store::invitation::count_made(&*txn, place, now - Invitation::DAY).await?;
    if of_today.max(store::invitation::count_open(&*txn, place).await?) >= Invitation::MOST_OPEN {
        return Err(InvitationRefusal::TooManyInvitations.into());
    }
    require_few_letters(&txn, cx, &email, place).await?;

    let invitation = send_invitation(app, &txn, cx, (email, function, until), (cx.actor(), Action::FunctionGrant), &key).await?;
    txn.commit().await?;
    Ok(invitation)
}

/// Invites somebody, with a mail. The caller has asked whether this may be, and whether it is too much.
pub(super) async fn send_invitation(
    app: &App,
    txn: &Txn,
    cx: &Context,
    asked: (Email, Function, Option<DateTime<Utc>>),
    (invited_by, action): (String, Action),
    key: &RequestKey,
) -> Result<Invitation> {
    let token = Secret::generate().map_err(Error::internal)?;
    let (invitation, change) = Invitation::invite(cx.ids.next(), asked, invited_by, token.hash(), cx.clock.now());
    store::invitation::insert(txn, &invitation, key).await?;
    send(app, txn, cx, &invitation, &token).await?;
    record(txn, cx, &invitation, change, action).await?;
    Ok(invitation)
}

/// Answers the invitation as it is now.
pub async fn resend_invitation(app: &App, cx: &Context, asked: ChangeInvitation) -> Result<Invitation> {
    let token = Secret::generate().map_err(Error::internal)?;
    let txn = app.database.begin_within(function_reach(cx)).await?;
    let mut invitation = to_change(&txn, cx, &asked, Action::FunctionGrant).await?;
    let place = Place::of(invitation.function).ok_or_else(|| Error::not_found("invitation"))?;
    require_few_letters(&txn, cx, &invitation.email, place).await?;

    let change = invitation.resend(token.hash(), cx.clock.now())?;

    store::invitation::update(&txn, &invitation).await?;
    send(app, &txn, cx, &invitation, &token).await?;
    record(&txn, cx, &invitation, change, Action::FunctionGrant).await?;
    txn.commit().await?;
    Ok(invitation)
}

/// Answers the invitation as it is now.
pub async fn withdraw_invitation(app: &App, cx: &Context, asked: ChangeInvitation) -> Result<Invitation> {
    let txn = app.database.begin_within(function_reach(cx)).await?;
    let mut invitation = to_change(&txn, cx, &asked, Action::FunctionEnd).await?;

    let change = invitation.withdraw()?;

    store::invitation::update(&txn, &invitation).await?;
    record(&txn, cx, &invitation, change, Action::FunctionEnd).await?;
    txn.commit().await?;
    Ok(invitation)
}

/// What the link asks of its bearer. `NotFound` when it is not good (any more).
pub async fn show_invitation(app: &App, cx: &Context, token: SecretHash) -> Result<Invitation> {
    require_person(cx)?;
    // Who has the link need not reach the place.
    let reader = app.database.reader_within(Reach::Everything).await?;
    let found = store::invitation::find_by_token(&reader, token).await?;
    found.filter(|found| found.is_good(cx.clock.now())).ok_or_else(|| Error::not_found("invitation"))
}

/// The caller takes the function. `NotFound` when the link is not good (any more).
pub async fn accept_invitation(app: &App, cx: &Context, token: SecretHash) -> Result<Appointment> {
    let person_id = require_person(cx)?;
    let now = cx.clock.now();

    // Who has the link need not reach the place.
    let txn = app.database.begin_within(Reach::Everything).await?;
    let seen = store::invitation::find_by_token(&*txn, token).await?.ok_or_else(|| Error::not_found("invitation"))?;
    lock_proof(&txn, seen.function).await?;
    let found = store::invitation::find_to_change(&txn, seen.id).await?.filter(|found| found.is_for(token) && found.is_good(now));
    let mut invitation = found.ok_or_else(|| Error::not_found("invitation"))?;
    let person = Person::known(person_id, name_of(cx, &invitation)?, invitation.email.clone());
    store::person::save(&txn, &person).await?;
    store::person::find_to_change(&txn, person_id).await?;
    know_again(&txn, cx, person_id).await?;
    let holds = store::appointment::of_person(&*txn, person_id, now).await?;
    let term = Term { from: now, until: invitation.until };
    let given = ((person, holds.as_slice()), invitation.function, term, invitation.invited_by.as_str());
    let appointment = appoint(&txn, cx, given, &RequestKey::default()).await?;

    let change = invitation.accept(appointment.id)?;

    store::invitation::update(&txn, &invitation).await?;
    record(&txn, cx, &invitation, change, Action::InvitationAccept).await?;
    director_signed_in(&txn, cx, &appointment, &invitation).await?;
    txn.commit().await?;
    Ok(appointment)
}

/// Refused as an invitation that is not there.
fn require_seen(cx: &Context, invitation: &Invitation) -> Result<()> {
    let seen = cx.require(Action::FunctionRead, Resource::Function(invitation.function));
    seen.map_err(|error| error.or_not_found("invitation"))
}

/// Links are for people: what they accept is theirs.
fn require_person(cx: &Context) -> Result<runtime::PersonId> {
    let person = cx.principal().person_id().ok_or_else(|| Error::not_found("invitation"))?;
    cx.require(Action::InvitationAccept, person)?;
    Ok(person)
}

/// As the identity provider calls them; by their address where it does not.
fn name_of(cx: &Context, invitation: &Invitation) -> Result<PersonName> {
    let name = PersonName::parse(&cx.principal().name).or_else(|_| PersonName::parse(invitation.email.as_str()));
    name.map_err(Error::internal)
}

/// The invitation, locked, if the caller may do this and has read it as it is now.
async fn to_change(txn: &Txn, cx: &Context, asked: &ChangeInvitation, action: Action) -> Result<Invitation> {
    let found = store::invitation::find_to_change(txn, asked.invitation_id).await?;
    let invitation = found.ok_or_else(|| Error::not_found("invitation"))?;
    require_seen(cx, &invitation)?;
    cx.require(action, Resource::Function(invitation.function))?;
    asked.etag.require(&invitation.etag())?;
    Ok(invitation)
}

/// Counts those from everywhere; then the transaction reaches this place alone.
pub(super) async fn require_few_letters(txn: &Txn, cx: &Context, email: &Email, place: Place) -> Result<()> {
    txn.set_reach(Reach::Everything).await?;
    let letters = store::invitation::count_letters(&**txn, email, cx.clock.now() - Invitation::DAY).await?;
    txn.set_reach(place).await?;
    if letters >= Invitation::MOST_LETTERS { Err(InvitationRefusal::TooManyLetters.into()) } else { Ok(()) }
}

/// Puts the mail with the link in the outbox.
async fn send(app: &App, txn: &Txn, cx: &Context, invitation: &Invitation, token: &Secret) -> Result<()> {
    let place = store::place::name(&**txn, invitation.function).await?;
    let letter = letter::invitation(invitation, place.as_deref(), &app.portal, token);
    queue_letter(txn, cx, &invitation.email, &letter).await
}

pub(super) async fn record(txn: &Txn, cx: &Context, invitation: &Invitation, change: InvitationChange, action: Action) -> Result<()> {
    let entry = Entry {
        action,
        resource: format!("invitation:{}", invitation.id),
        detail: serde_json::json!({
            "change": change.into_str(),
            "function": invitation.function.to_string(),
            "until": invitation.until,
            "version": invitation.version,
        }),
    };
    audit::append(txn, cx, chain_of(invitation.function), entry).await?;
    Ok(())
}
