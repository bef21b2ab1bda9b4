//! `schildwacht.identity.v1.AppointmentService`.

use auth::{Function, Resource};
use proto::{
    identity::v1::{
        Appointment, AppointmentState, ConfirmAppointmentRequest, CreateAppointmentRequest, EndAppointmentRequest, GetAppointmentRequest,
        ListAppointmentsRequest, ListAppointmentsResponse, Place as WirePlace, appointment_service_server::AppointmentService, place,
    },
    time::moment,
};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use crate::{
    app::{
        App, ConfirmAppointment, CreateAppointment, EndAppointment, ListAppointments, confirm_appointment, create_appointment,
        end_appointment, get_appointment, list_appointments,
    },
    domain::Place,
    messages::appointment,
};

#[tonic::async_trait]
impl AppointmentService for App {
    async fn list_appointments(&self, request: Request<ListAppointmentsRequest>) -> Result<Response<ListAppointmentsResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_appointments(self, &cx, asked).await?;
        let appointments = page.rows.iter().map(|row| appointment(row, cx.clock.now())).collect();
        let total_size = i32::try_from(page.total).unwrap_or(i32::MAX);
        Ok(Response::new(ListAppointmentsResponse { appointments, next_page_token: page.next_page_token, total_size }))
    }

    async fn get_appointment(&self, request: Request<GetAppointmentRequest>) -> Result<Response<Appointment>, Status> {
        let (cx, id) = auth::asked_with(request, |fields, asked| fields.id("appointment_id", &asked.appointment_id))?;
        Ok(Response::new(appointment(&get_appointment(self, &cx, id).await?, cx.clock.now())))
    }

    async fn create_appointment(&self, request: Request<CreateAppointmentRequest>) -> Result<Response<Appointment>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new(appointment(&create_appointment(self, &cx, asked).await?, cx.clock.now())))
    }

    async fn end_appointment(&self, request: Request<EndAppointmentRequest>) -> Result<Response<Appointment>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new(appointment(&end_appointment(self, &cx, asked).await?, cx.clock.now())))
    }

    async fn confirm_appointment(&self, request: Request<ConfirmAppointmentRequest>) -> Result<Response<Appointment>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new(appointment(&confirm_appointment(self, &cx, asked).await?, cx.clock.now())))
    }
}

impl TryFrom<ListAppointmentsRequest> for ListAppointments {
    type Error = Error;

    fn try_from(request: ListAppointmentsRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let open = match request.state() {
            AppointmentState::Unspecified => None,
            AppointmentState::Open => Some(true),
            AppointmentState::Ended => Some(false),
        };
        let place = place_of(&mut fields, request.place);
        let confirm_before = fields.optional_moment("confirm_before_time", request.confirm_before_time.map(moment));
        let page = (request.page_size, request.page_token).into();
        fields.build(|| Some(Self { place: place?, open, confirm_before, page }))
    }
}

impl TryFrom<CreateAppointmentRequest> for CreateAppointment {
    type Error = Error;

    fn try_from(request: CreateAppointmentRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let person_id = fields.id("person_id", &request.person_id);
        let function = function_of(&mut fields, &request.function);
        let from = fields.optional_moment("start_time", request.start_time.map(moment));
        let until = fields.optional_moment("end_time", request.end_time.map(moment));
        let request_id = fields.request_id(&request.request_id);
        fields.build(|| Some(Self { person_id: person_id?, function: function?, from, until, request_id }))
    }
}

impl TryFrom<EndAppointmentRequest> for EndAppointment {
    type Error = Error;

    fn try_from(request: EndAppointmentRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let appointment_id = fields.id("appointment_id", &request.appointment_id);
        let at = fields.optional_moment("end_time", request.end_time.map(moment));
        let reason = (!request.reason.trim().is_empty()).then(|| fields.text("reason", &request.reason)).flatten();
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { appointment_id: appointment_id?, at, reason, etag: etag? }))
    }
}

impl TryFrom<ConfirmAppointmentRequest> for ConfirmAppointment {
    type Error = Error;

    fn try_from(request: ConfirmAppointmentRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let appointment_id = fields.id("appointment_id", &request.appointment_id);
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { appointment_id: appointment_id?, etag: etag? }))
    }
}

/// A place where functions hold.
pub(super) fn place_of(fields: &mut Violations, place: Option<WirePlace>) -> Option<Place> {
    let resource = match place.and_then(|place| place.place) {
        Some(place::Place::SchoolId(id)) => Resource::School(fields.id("place.school_id", &id)?),
        Some(place::Place::BoardId(id)) => Resource::Board(fields.id("place.board_id", &id)?),
        Some(place::Place::VendorId(id)) => Resource::Vendor(fields.id("place.vendor_id", &id)?),
        Some(place::Place::Platform(true)) => Resource::Platform,
        Some(place::Place::Platform(false)) | None => {
            fields.complain("place", "say where: school_id, board_id, vendor_id, or platform");
            return None;
        }
    };
    Some(Place(resource))
}

/// A function that can be given: one that holds at a place.
pub(super) fn function_of(fields: &mut Violations, text: &str) -> Option<Function> {
    let function = text.parse().ok().filter(|function: &Function| function.place().is_some());
    if function.is_none() {
        fields.complain("function", "give a role and its place, such as director@<school id>, or one of the platform, such as responder");
    }
    function
}
