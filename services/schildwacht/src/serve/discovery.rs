//! Where gRPC is, for commands that know only where the pages are: `GET /.well-known/schildwacht` answers `{"grpc": "http://127.0.0.1:8081"}`.
//!
//! Without an answer a command speaks gRPC where it was told to: behind an ingress that routes by path, pages and gRPC have one address.

use axum::{Json, Router, routing::get};
use serde::{Deserialize, Serialize};

/// Where to ask.
pub const PATH: &str = "/.well-known/schildwacht";

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    pub grpc: String,
}

/// The answer, where there is one.
pub fn router(grpc: &str) -> Router {
    if grpc.is_empty() {
        return Router::new();
    }
    let addresses = Addresses { grpc: grpc.to_owned() };
    Router::new().route(PATH, get(|| async { Json(addresses) }))
}
