//! The gRPC edge: who calls, what they mean, and answers in messages. A file for each gRPC service has its RPCs and their requests.

mod case;

use proto::incident_intake::v1::case_service_server::CaseServiceServer;
use service::MAX_REQUEST_BYTES;
use tonic::service::Routes;

use crate::app::App;

/// Its routes.
pub fn routes(app: App) -> Routes {
    Routes::new(CaseServiceServer::new(app).max_decoding_message_size(MAX_REQUEST_BYTES))
}
