//! The gRPC edge: who calls, what they mean, and answers in messages. A file for each gRPC service has its RPCs and their requests.

mod alert;
mod device;
mod gateway_contact;

use proto::network_monitor::v1::{
    alert_service_server::AlertServiceServer, device_service_server::DeviceServiceServer,
    gateway_contact_service_server::GatewayContactServiceServer, history_service_server::HistoryServiceServer,
};
use service::{History, MAX_REQUEST_BYTES};
use tonic::service::Routes;

use crate::app::App;

/// Their routes.
pub fn routes(app: &App) -> Routes {
    let mut grpc = Routes::builder();
    grpc.add_service(DeviceServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(AlertServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(GatewayContactServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(HistoryServiceServer::new(History::of(app.clone())).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.routes()
}
