//! The end.

use std::time::Duration;

use http::StatusCode;
use prost::Message as _;
use schildwacht_telemetry_ingest::{Config, Service};

use crate::{
    gate::{Gate, WITHIN, config},
    sample::request,
    unreliable_log::Mood,
};

const PROTOBUF: &str = "application/x-protobuf";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_at_the_end_is_stored_and_answered() {
    let gate = Gate::open().await;
    gate.log.set_mood(Mood::Slow(Duration::from_secs(1)));
    let under_way = gate.post("/v1/logs", PROTOBUF, None, request(2).encode_to_vec());
    let stop = async {
        gate.log.asked().await;
        gate.process.tasks.shutdown().request();
    };
    let (response, ()) = tokio::join!(under_way, stop);
    assert_eq!(response.status(), StatusCode::OK);
    gate.process.tasks.drain(WITHIN).await.unwrap();
    assert_eq!(gate.stored().await.len(), 1);
    assert!(tokio::net::TcpStream::connect(gate.doors.otlp_http_address).await.is_err(), "nobody is let in any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_and_a_broken_configuration_stop_the_start_in_words() {
    let gate = Gate::open().await;
    let verifier =
        std::sync::Arc::new(auth::Verifier::new(&gate.issuer.config(), auth::AUDIENCE_TELEMETRY, runtime::Clock::system()).unwrap());
    let policies = std::sync::Arc::new(auth::Policies::load().unwrap());
    let process = testkit::TestProcess::new();
    let build = async |config: Config| {
        let log = events::LogHandle(std::sync::Arc::clone(&gate.log) as events::SharedLog);
        let service = Service { config, log, verifier: verifier.clone(), policies: policies.clone() };
        service.build(&process).await.err().expect("it should not start").to_string()
    };
    let complaint = build(Config { otlp_http_listen: gate.doors.otlp_http_address, ..config() }).await;
    assert!(complaint.contains("in use") && complaint.contains("telemetry-ingest"), "{complaint}");
    let complaint = build(Config { max_events: 0, ..config() }).await;
    assert!(complaint.contains("telemetry_ingest.max_events"), "{complaint}");
}
