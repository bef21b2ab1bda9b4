//! The gRPC edge: who calls, what they mean, and answers in messages. A file for each gRPC service has its RPCs and their requests.

mod contact;
mod gateway;
mod organisation;

use proto::identity::v1::{
    contact_service_server::ContactServiceServer, gateway_service_server::GatewayServiceServer,
    organisation_service_server::OrganisationServiceServer,
};
use service::MAX_REQUEST_BYTES;
use tonic::service::Routes;

use crate::app::App;

/// Their routes.
pub fn routes(app: &App) -> Routes {
    let mut grpc = Routes::builder();
    grpc.add_service(OrganisationServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(ContactServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(GatewayServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.routes()
}
