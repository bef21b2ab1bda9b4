//! The service through its real edge: real listeners, real clients, real tokens, the embedded log and a Kafka cluster.
#![cfg(test)]

mod answers;
mod gate;
mod gateways;
mod json_events;
mod kafka;
mod limits;
mod otlp_grpc;
mod otlp_http;
mod sample;
mod shutdown;
mod unreliable_log;
