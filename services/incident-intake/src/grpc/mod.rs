//! The gRPC edge: who calls, what they mean, and answers in messages. A file for each gRPC service has its RPCs and their requests.

mod case;

use proto::incident_intake::v1::{case_service_server::CaseServiceServer, history_service_server::HistoryServiceServer};
use service::{History, MAX_REQUEST_BYTES};
use tonic::service::Routes;

use crate::app::App;

/// Their routes.
pub fn routes(app: &App) -> Routes {
    let mut grpc = Routes::builder();
    grpc.add_service(CaseServiceServer::new(app.clone()).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.add_service(HistoryServiceServer::new(History::of(app.clone())).max_decoding_message_size(MAX_REQUEST_BYTES));
    grpc.routes()
}
