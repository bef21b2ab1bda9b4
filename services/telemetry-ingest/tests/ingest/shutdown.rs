//! The end.

use std::time::Duration;

use http::StatusCode;
use prost::Message as _;
use schildwacht_telemetry_ingest::{Config, Ports};

use crate::{
    gate::{Gate, Ground, WITHIN, config},
    in_both_modes,
    sample::request,
    unreliable_log::Mood,
};

const PROTOBUF: &str = "application/x-protobuf";

in_both_modes! {
    async fn what_is_under_way_at_the_end_is_stored_and_answered(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
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
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_and_a_broken_configuration_stop_the_start_in_words() {
    let gate = Gate::open().await;
    let process = testkit::TestProcess::new();
    let build = async |ground: Ground, config: Config| {
        let error = ground.service(config).await.build(&process).await.err().expect("it should not start");
        runtime::error::chain(&error)
    };
    let (otlp_http_listen, otlp_grpc_listen) = (gate.doors.otlp_http_address, gate.doors.otlp_grpc_address);
    let complaints = Ports::bind(&Config { otlp_http_listen, otlp_grpc_listen, ..config() }).await.unwrap_err();
    let complaints: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    assert!(complaints.len() == 2 && complaints.iter().all(|complaint| complaint.contains("in use")), "{complaints:?}");
    let complaint = build(gate.ground.clone(), Config { max_events: 0, ..config() }).await;
    assert!(complaint.contains("telemetry_ingest.max_events"), "{complaint}");
    for address in ["nonsense", "http://:secret@127.0.0.1:6379", "redis://:secret@127.0.0.1:six"] {
        let complaint = build(gate.ground.clone().with_redis(address), config()).await;
        assert!(complaint.starts_with("telemetry-ingest cannot start: ") && complaint.contains("cache.redis_url is not"), "{complaint}");
        assert!(!complaint.contains("secret"), "{complaint}");
    }
}
