//! Use cases of appointments: who holds which function.

use std::collections::BTreeSet;

use auth::{Action, Context, Function, Resource};
use chrono::{DateTime, Utc};
use events::{Topic, outbox};
use runtime::{BoardId, Error, Etag, PersonId, RequestId, Result, SchoolId, VendorId};
use serde::Serialize;
use storage::{
    Page, PageRequest, Paging, Reach, RequestKey, Txn,
    audit::{self, Chain, Entry},
};

use super::{
    App,
    keep_check::{director_changed, lock_proof},
};
use crate::{
    domain::{Appointment, AppointmentChange, AppointmentId, AppointmentRefusal, EndReason, Person, Place, Term, administers},
    outbound::person_functions,
    store::{self, appointment::Filter},
};

/// A page of the appointments at a place.
#[derive(Debug, Clone, Serialize)]
pub struct ListAppointments {
    #[serde(serialize_with = "as_text")]
    pub place: Place,
    /// Only those that are held now or will be (`true`), or no longer (`false`).
    pub open: Option<bool>,
    /// Only those that somebody must confirm before this moment.
    pub confirm_before: Option<DateTime<Utc>>,
    pub page: PageRequest,
}

/// An appointment to be.
#[derive(Debug, Clone)]
pub struct CreateAppointment {
    pub person_id: PersonId,
    pub function: Function,
    /// `None`: now.
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// Unique for this caller.
    pub request_id: Option<RequestId>,
}

/// When somebody stops.
#[derive(Debug, Clone)]
pub struct EndAppointment {
    pub appointment_id: AppointmentId,
    /// `None`: now.
    pub at: Option<DateTime<Utc>>,
    pub reason: Option<EndReason>,
    /// The appointment as the caller read it.
    pub etag: Etag,
}

/// Who still holds a function.
#[derive(Debug, Clone)]
pub struct ConfirmAppointment {
    pub appointment_id: AppointmentId,
    /// The appointment as the caller read it.
    pub etag: Etag,
}

pub fn as_text<S: serde::Serializer>(place: &Place, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(place)
}

/// `NotFound` also when the caller may not see it.
pub async fn get_appointment(app: &App, cx: &Context, id: AppointmentId) -> Result<Appointment> {
    let reader = app.database.reader_within(function_reach(cx)).await?;
    let found = store::appointment::find(&reader, id).await?.ok_or_else(|| Error::not_found("appointment"))?;
    require_seen(cx, found.function)?;
    Ok(found)
}

/// Those at one place, to who may see all of them.
pub async fn list_appointments(app: &App, cx: &Context, asked: ListAppointments) -> Result<Page<Appointment>> {
    let Place(place) = asked.place;
    cx.require(Action::FunctionRead, place)?;
    let paging = Paging::begin(&asked, &asked.page)?;
    let filter = Filter { open: asked.open, confirm_before: asked.confirm_before };
    let reader = app.database.reader_within(asked.place).await?;
    Ok(store::appointment::list(&reader, asked.place, filter, cx.clock.now(), &paging).await?)
}

/// Answers the appointment made before when the request is a repetition.
pub async fn create_appointment(app: &App, cx: &Context, asked: CreateAppointment) -> Result<Appointment> {
    let CreateAppointment { person_id, function, from, until, request_id } = asked;
    let now = cx.clock.now();
    let authority = require_grant(app, cx, function).await?;
    let place = Place::of(function).ok_or_else(|| Error::not_found("function"))?;
    let term = Term::new(from.unwrap_or(now), until).ok_or_else(|| Error::invalid_field("end_time", "give an end after the beginning"))?;
    let term = term.within(authority)?;
    let key = RequestKey::of(cx, request_id);

    let txn = app.database.begin_within(function_reach(cx).or(place)).await?;
    let person = store::person::find_to_change(&txn, person_id).await?.ok_or_else(|| Error::not_found("person"))?;
    if let Some(before) = store::appointment::find_by_request(&*txn, &key).await? {
        let asks_the_same = before.person.id == person_id && before.function == function && before.until == until;
        RequestId::require_repetition(asks_the_same)?;
        return Ok(before);
    }
    let holds = store::appointment::of_person(&*txn, person_id, now).await?;
    // Somebody of whom the caller knows nothing is nobody to them.
    if !holds.iter().any(|held| may_see(cx, held.function)) {
        return Err(Error::not_found("person"));
    }
    let appointment = appoint(&txn, cx, ((person, holds.as_slice()), function, term, &cx.actor()), &key).await?;
    txn.commit().await?;
    Ok(appointment)
}

/// Answers the appointment as it is now. Everybody may end their own, but for the last who administers a place.
pub async fn end_appointment(app: &App, cx: &Context, asked: EndAppointment) -> Result<Appointment> {
    let now = cx.clock.now();
    let txn = app.database.begin_within(function_reach(cx)).await?;
    let mut appointment = to_change(&txn, cx, asked.appointment_id).await?;
    let resource = Resource::Function(appointment.function);
    if cx.principal().person_id() == Some(appointment.person.id) {
        cx.require_sign_in(Action::FunctionEnd, resource)?;
    } else {
        cx.require(Action::FunctionEnd, resource)?;
    }
    asked.etag.require(&appointment.etag())?;

    let change = appointment.end(asked.at.unwrap_or(now), now)?;

    if administers(appointment.function) && !cx.permits(Action::FunctionEndLast, resource) {
        let others = store::appointment::count_others(&*txn, &appointment, appointment.ends()).await?;
        if others == 0 {
            return Err(AppointmentRefusal::LastAdministrator.into());
        }
    }
    keep_end(&txn, cx, &appointment, change, asked.reason.as_ref()).await?;
    txn.commit().await?;
    Ok(appointment)
}

/// Keeps an end, tells others of it, and puts it on record.
pub(super) async fn keep_end(
    txn: &Txn,
    cx: &Context,
    appointment: &Appointment,
    change: AppointmentChange,
    reason: Option<&EndReason>,
) -> Result<()> {
    store::appointment::update(txn, appointment).await?;
    record(txn, cx, appointment, change, (Action::FunctionEnd, reason.map(EndReason::as_str))).await?;
    director_changed(txn, cx, appointment, change).await
}

/// Answers the appointment as it is now.
pub async fn confirm_appointment(app: &App, cx: &Context, asked: ConfirmAppointment) -> Result<Appointment> {
    let txn = app.database.begin_within(function_reach(cx)).await?;
    let mut appointment = to_change(&txn, cx, asked.appointment_id).await?;
    cx.require(Action::FunctionConfirm, Resource::Function(appointment.function))?;
    asked.etag.require(&appointment.etag())?;
    require_other(cx, appointment.person.id)?;

    let change = appointment.confirm(cx.clock.now())?;

    store::appointment::update(&txn, &appointment).await?;
    record(&txn, cx, &appointment, change, (Action::FunctionConfirm, None)).await?;
    director_changed(&txn, cx, &appointment, change).await?;
    txn.commit().await?;
    Ok(appointment)
}

/// Refused as an appointment that is not there.
fn require_seen(cx: &Context, function: Function) -> Result<()> {
    cx.require(Action::FunctionRead, Resource::Function(function)).map_err(|error| error.or_not_found("appointment"))
}

fn may_see(cx: &Context, function: Function) -> bool {
    cx.permits(Action::FunctionRead, Resource::Function(function))
}

/// Where the caller may see functions, and what is theirs wherever it holds.
pub(super) fn function_reach(cx: &Context) -> Reach {
    let schools = cx.permitted_scope::<SchoolId>(Action::FunctionRead);
    let boards = cx.permitted_scope::<BoardId>(Action::FunctionRead);
    let vendors = cx.permitted_scope::<VendorId>(Action::FunctionRead);
    let places = [schools.as_ref().map(Reach::from), boards.as_ref().map(Reach::from), vendors.as_ref().map(Reach::from)];
    let own = cx.principal().person_id().map(Reach::one);
    places.into_iter().flatten().chain(own).fold(Reach::Only(BTreeSet::new()), Reach::or)
}

/// Whether the caller may give this function, and until when.
pub async fn require_grant(app: &App, cx: &Context, function: Function) -> Result<Option<DateTime<Utc>>> {
    let resource = Resource::Function(function);
    cx.require(Action::FunctionGrant, resource)?;
    let place = Place::of(function).ok_or_else(|| Error::not_found("function"))?;
    let is_there = store::place::exists(&app.database.reader_within(place).await?, function).await?;
    if !is_there {
        return Err(Error::not_found("function"));
    }
    Ok(cx.permitted_until(Action::FunctionGrant, resource))
}

/// Nobody gives themselves a function, nor a year more of one.
fn require_other(cx: &Context, person: PersonId) -> Result<(), AppointmentRefusal> {
    if cx.principal().person_id() == Some(person) { Err(AppointmentRefusal::OwnFunction) } else { Ok(()) }
}

/// Appoints a person, who is locked and holds these functions.
pub(super) async fn appoint(
    txn: &Txn,
    cx: &Context,
    ((person, holds), function, term, appointed_by): ((Person, &[Appointment]), Function, Term, &str),
    key: &RequestKey,
) -> Result<Appointment> {
    if appointed_by == format!("person:{}", person.id) {
        return Err(AppointmentRefusal::OwnFunction.into());
    }
    if holds.iter().any(|held| held.function == function && held.ends() > term.from) {
        return Err(AppointmentRefusal::AlreadyHeld.into());
    }
    let (appointment, change) = Appointment::appoint(cx.ids.next(), person, function, term, appointed_by.to_owned());
    store::appointment::insert(txn, &appointment, key).await?;
    record(txn, cx, &appointment, change, (Action::FunctionGrant, None)).await?;
    Ok(appointment)
}

/// The appointment, locked, if the caller may see it or it is theirs.
async fn to_change(txn: &Txn, cx: &Context, id: AppointmentId) -> Result<Appointment> {
    let seen = store::appointment::find(&**txn, id).await?.ok_or_else(|| Error::not_found("appointment"))?;
    if cx.principal().person_id() != Some(seen.person.id) {
        require_seen(cx, seen.function)?;
    }
    if let Some(place) = Place::of(seen.function) {
        // Others who hold the function are locked and counted, also by a caller who may not see them.
        txn.set_reach(place).await?;
    }
    lock_proof(txn, seen.function).await?;
    store::appointment::find_to_change(txn, &seen).await?.ok_or_else(|| Error::not_found("appointment"))
}

/// All that its person holds, and the audit row. The person must be locked, so that the last state that is published is the last that was
/// stored.
async fn record(
    txn: &Txn,
    cx: &Context,
    appointment: &Appointment,
    change: AppointmentChange,
    (action, reason): (Action, Option<&str>),
) -> Result<()> {
    // What is published of a person is whole, also what the caller does not reach.
    txn.set_reach(Reach::Everything).await?;
    let holds = store::appointment::of_person(&**txn, appointment.person.id, cx.clock.now()).await?;
    outbox::add(txn, Topic::Function, person_functions(cx, appointment.person.id, &holds)).await?;
    let entry = Entry {
        action,
        resource: format!("appointment:{}", appointment.id),
        detail: serde_json::json!({
            "change": change.into_str(),
            "person": appointment.person.id,
            "function": appointment.function.to_string(),
            "until": appointment.until,
            "reason": reason,
            "version": appointment.version,
        }),
    };
    audit::append(txn, cx, chain_of(appointment.function), entry).await?;
    Ok(())
}

/// The audit chain of a function's place.
pub fn chain_of(function: Function) -> Chain {
    match function.place() {
        Some(Resource::School(school)) => Chain::School(school),
        Some(Resource::Board(board)) => Chain::Board(board),
        Some(Resource::Vendor(vendor)) => Chain::Vendor(vendor),
        _ => Chain::Platform,
    }
}
