//! The service through its real edge: real listeners, real clients, real tokens. Where the log has a part in a promise, on the
//! embedded one and, with Redis beside it, on Kafka.
#![cfg(test)]

mod answers;
mod gate;
mod gateways;
mod json_events;
mod limits;
mod otlp_grpc;
mod otlp_http;
mod replicas;
mod sample;
mod shutdown;
mod unreliable_log;
