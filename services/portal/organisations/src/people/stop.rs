//! Somebody stops: when, why, and what happens then.

use askama::Template;
use axum::{extract::Path, response::Response};
use chrono::TimeDelta;
use http::StatusCode;
use portal_frame::{
    Failure, Fields, Frame, Posted, Problem, Visit,
    language::{day_of, end_of},
    mark::Icon,
    respond::{page, page_with_status},
    samples::Page,
    school::{School, school, school_id},
};
use proto::{identity::v1 as wire, time::timestamp};
use runtime::SchoolId;

use super::{
    address::place,
    own_school,
    refusal::{Refusal, RefusalWords},
    view::Appointment,
    words::PeopleWords,
};
use crate::messages;

/// Ending a function.
#[derive(Template)]
#[template(path = "people/stop.html")]
pub(crate) struct StopPage {
    pub(crate) frame: Frame,
    pub(crate) school: School,
    pub(crate) appointment: Appointment,
    pub(crate) written: Written,
    pub(crate) problems: Problems,
}

/// What a person writes about an end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) day: String,
    pub(crate) reason: String,
}

/// What to correct, or why it cannot be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems {
    pub(crate) day: bool,
    pub(crate) reason: bool,
    pub(crate) refusal: Option<Refusal>,
}

/// `GET /scholen/{school}/mensen/{appointment}/stoppen`.
pub(crate) async fn stop_form(visit: Visit, Path((id, appointment)): Path<(String, String)>) -> Result<Response, Failure> {
    page(&stop_page(&visit, school_id(&id)?, appointment, Written::default(), Problems::default()).await?)
}

/// `POST /scholen/{school}/mensen/{appointment}/stoppen`.
pub(crate) async fn stop(
    Path((id, appointment_id)): Path<(String, String)>,
    Posted { visit, fields }: Posted,
) -> Result<Response, Failure> {
    let id = own_school(&visit, &id)?;
    let written = Written::of(&fields);
    let end = if written.day.is_empty() { Some(None) } else { day_of(&written.day).and_then(end_of).map(Some) };
    let Some(end) = end else {
        let problems = Problems { day: true, ..Problems::default() };
        let form = stop_page(&visit, id, appointment_id, written, problems).await?;
        return page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &form);
    };
    let request = wire::EndAppointmentRequest {
        appointment_id: appointment_id.clone(),
        end_time: end.map(timestamp),
        reason: written.reason.clone(),
        etag: fields.text("etag").to_owned(),
    };
    match visit.calls().appointments().end_appointment(request).await {
        Ok(ended) => {
            let was_mine = ended.into_inner().person_id == visit.visitor().id();
            // Who ended their own may not see the list any more.
            let next = if was_mine { "/".to_owned() } else { place(id) };
            Ok(visit.done(messages::FUNCTION_ENDED, &next))
        }
        Err(status) => {
            let refusal = Refusal::of(&status);
            let problems = Problems { day: Failure::refuses(&status, "end_time"), reason: Failure::refuses(&status, "reason"), refusal };
            if problems == Problems::default() {
                return Err(status.into());
            }
            let code = if refusal.is_some() { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
            page_with_status(code, &stop_page(&visit, id, appointment_id, written, problems).await?)
        }
    }
}

/// The form about a function at this school. One that has ended is shown as such.
async fn stop_page(visit: &Visit, id: SchoolId, appointment_id: String, written: Written, problems: Problems) -> Result<StopPage, Failure> {
    let calls = visit.calls();
    let appointment = async {
        let request = wire::GetAppointmentRequest { appointment_id };
        Ok(Appointment::try_from(calls.appointments().get_appointment(request).await?.into_inner())?)
    };
    let (school, appointment, mut frame) = tokio::try_join!(school(&calls, id), appointment, visit.frame(place(id)))?;
    frame.about_school(id, &school.name);
    if appointment.function.place() != Some(id.into()) {
        return Err(Failure::Problem(Problem::NotFound));
    }
    if !appointment.may_be_ended_by(visit.visitor()) {
        return Err(Failure::Problem(Problem::Denied));
    }
    let refusal = problems.refusal.or_else(|| (!appointment.is_open).then_some(Refusal::AlreadyEnded));
    Ok(StopPage { frame, school, appointment, written, problems: Problems { refusal, ..problems } })
}

impl Written {
    fn of(fields: &Fields) -> Self {
        Self { day: fields.text("laatste-dag").to_owned(), reason: fields.text("reden").to_owned() }
    }
}

impl StopPage {
    const fn words(&self) -> PeopleWords {
        PeopleWords(self.frame.preferences.language)
    }

    fn title(&self) -> String {
        self.words().stop_title(&self.appointment.name, self.frame.words().function(self.appointment.function))
    }

    fn refusal_text(&self) -> Option<&'static str> {
        self.problems.refusal.map(|refusal| refusal.text(RefusalWords(self.frame.preferences.language)))
    }

    /// The end that is known already.
    fn ends_already(&self) -> Option<String> {
        let until = self.appointment.until?;
        Some(self.words().stop_ends_already(self.frame.language().last_day(until, self.frame.now)))
    }
}

impl Page for StopPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |appointment, problems| Self {
            frame: frame.clone(),
            school: School::sample(),
            appointment,
            written: Written::default(),
            problems,
        };
        let open = Appointment::sample();
        let ending = Appointment { until: Some(frame.now + TimeDelta::days(9)), ..open.clone() };
        let ended = Appointment { is_open: false, ..open.clone() };
        let refused = |refusal| Problems { refusal: Some(refusal), ..Problems::default() };
        vec![
            sample(open.clone(), Problems { day: true, reason: true, refusal: None }),
            sample(ending, refused(Refusal::Changed)),
            sample(open, refused(Refusal::LastAdministrator)),
            sample(ended, refused(Refusal::AlreadyEnded)),
        ]
    }
}
