//! The table of answers, row by row: what is said, and whether the sender is to come back.

use http::StatusCode;
use prost::Message as _;
use schildwacht_telemetry_ingest::Outcome;

use crate::{
    gate::{Gate, config, header},
    in_both_modes,
    sample::request,
    unreliable_log::Mood,
};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

fn body() -> Vec<u8> {
    request(1).encode_to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_request_is_told_so_in_its_own_encoding() {
    let gate = Gate::open().await;
    let response = gate.post("/v1/logs", PROTOBUF, None, b"{\"resourceLogs\":[]}".to_vec()).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(header(&response, "content-type"), Some(PROTOBUF));
    assert_eq!(header(&response, "retry-after"), None);
    let status = tonic_types::pb::Status::decode(response.bytes().await.unwrap()).unwrap();
    assert_eq!(status.code, tonic::Code::InvalidArgument as i32);
    assert!(status.message.contains("byte "), "{}", status.message);

    let response = gate.post("/v1/logs", JSON, None, b"[]".to_vec()).await;
    assert_eq!((response.status(), header(&response, "content-type")), (StatusCode::BAD_REQUEST, Some(JSON)));
    let status: serde_json::Value = response.json().await.unwrap();
    assert_eq!(status["code"], 3);
    assert!(status["message"].as_str().unwrap().contains("no events"), "{status}");

    let response = gate.post("/v1/logs", PROTOBUF, Some("gzip"), body()).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST, "said to be gzip, but is not");
    assert_eq!(gate.requests(Outcome::Malformed), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_the_challenge_is_bearer() {
    let gate = Gate::open().await;
    let sent = gate.http.post(gate.url("/v1/logs")).header("content-type", PROTOBUF).body(body());
    let response = sent.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(header(&response, "www-authenticate").unwrap().starts_with("Bearer"));
    let response = gate.post_as("nonsense", "/v1/events", LINES, None, b"{}".to_vec()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(gate.requests(Outcome::Unauthenticated), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn media_types_and_compressions_that_are_not_understood_are_unsupported() {
    let gate = Gate::open().await;
    for (path, media_type, encoding) in [
        ("/v1/logs", "text/plain", None),
        ("/v1/logs", LINES, None),
        ("/v1/logs", PROTOBUF, Some("br")),
        ("/v1/events", PROTOBUF, None),
        ("/v1/events", LINES, Some("deflate")),
    ] {
        let response = gate.post(path, media_type, encoding, body()).await;
        assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path} {media_type} {encoding:?}");
        assert_eq!(header(&response, "accept-encoding"), Some("identity,gzip,zstd"));
    }
    assert_eq!(gate.requests(Outcome::UnsupportedMedia), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_methods_are_told_where_to_go() {
    let gate = Gate::open().await;
    for path in ["/", "/v1/traces", "/v1/logs/", "/v1/metrics"] {
        let response = gate.post(path, PROTOBUF, None, body()).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(response.text().await.unwrap().contains("/v1/logs"));
    }
    for path in ["/v1/logs", "/v1/events"] {
        let response = gate.http.get(gate.url(path)).bearer_auth(gate.token()).send().await.unwrap();
        assert_eq!((response.status(), header(&response, "allow")), (StatusCode::METHOD_NOT_ALLOWED, Some("POST")), "{path}");
    }
    assert_eq!((gate.requests(Outcome::PathUnknown), gate.requests(Outcome::MethodNotAllowed)), (4, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_take_it_now_makes_the_sender_come_back() {
    let gate = Gate::open().await;
    for (mood, outcome, least) in
        [(Mood::Busy, Outcome::LogBusy, 1), (Mood::Full, Outcome::LogFull, 30), (Mood::Away, Outcome::LogUnavailable, 1)]
    {
        gate.log.set_mood(mood);
        for (path, media_type, body) in [("/v1/logs", PROTOBUF, body()), ("/v1/events", LINES, b"{}".to_vec())] {
            let response = gate.post(path, media_type, None, body).await;
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(header(&response, "retry-after").unwrap().parse::<u64>().unwrap() >= least, "{outcome:?}");
        }
        assert_eq!((gate.requests(outcome), gate.events(outcome)), (2, 2));
    }
    gate.log.set_mood(Mood::Good);
    assert_eq!(gate.post("/v1/logs", PROTOBUF, None, body()).await.status(), StatusCode::OK);
    assert_eq!(gate.stored().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_does_not_answer_in_time_makes_the_sender_come_back() {
    let config = schildwacht_telemetry_ingest::Config { append_timeout_seconds: 1, ..crate::gate::config() };
    let gate = Gate::open_with(config).await;
    gate.log.set_mood(Mood::Slow(std::time::Duration::from_secs(60)));
    let response = gate.post("/v1/logs", PROTOBUF, None, body()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(gate.requests(Outcome::LogUnavailable), 1);
}

in_both_modes! {
    async fn every_request_ends_in_exactly_one_outcome(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let total = |gate: &Gate| Outcome::ALL.iter().map(|outcome| gate.requests(*outcome)).sum::<u64>();
        let before = total(&gate);
        let mut sent = 0;
        for path in ["/v1/logs", "/v1/events", "/elsewhere"] {
            for media_type in [PROTOBUF, JSON, LINES, "text/plain", "application/grpc"] {
                for (encoding, body) in [(None, body()), (None, Vec::new()), (Some("zstd"), body()), (None, b"{}\n[".to_vec())] {
                    for token in [gate.token(), "nonsense".to_owned()] {
                        gate.post_as(&token, path, media_type, encoding, body.clone()).await;
                        sent += 1;
                    }
                }
            }
        }
        assert_eq!(total(&gate) - before, sent);
    }
}
