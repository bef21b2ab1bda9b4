//! The gRPC edge: who calls, what they mean, and answers in messages. A file for each gRPC service has its RPCs and their requests.

mod access;
mod appointment;
mod contact;
mod enrolment;
mod erasure;
mod gateway;
mod invitation;
mod organisation;
mod session;
mod sign_in;
mod vendor;

use proto::identity::v1::{
    access_service_server::AccessServiceServer, appointment_service_server::AppointmentServiceServer,
    contact_service_server::ContactServiceServer, enrolment_service_server::EnrolmentServiceServer,
    erasure_service_server::ErasureServiceServer, gateway_service_server::GatewayServiceServer,
    history_service_server::HistoryServiceServer, invitation_service_server::InvitationServiceServer,
    organisation_service_server::OrganisationServiceServer, session_service_server::SessionServiceServer,
    sign_in_service_server::SignInServiceServer, vendor_service_server::VendorServiceServer,
};
use service::{History, MAX_REQUEST_BYTES};
use tonic::service::Routes;

use crate::app::App;

/// Their routes.
pub fn routes(app: &App) -> Routes {
    let mut grpc = Routes::builder();
    grpc.add_service(OrganisationServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(ContactServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(GatewayServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(AppointmentServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(InvitationServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(AccessServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(VendorServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(EnrolmentServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(ErasureServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(SessionServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(SignInServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(HistoryServiceServer::new(History::of(app.clone())).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.routes()
}
