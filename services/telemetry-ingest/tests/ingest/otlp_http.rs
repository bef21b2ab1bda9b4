//! OTLP over HTTP.

use http::StatusCode;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use prost::Message as _;
use schildwacht_telemetry_ingest::Outcome;

use crate::{
    gate::{Gate, config, header},
    in_both_modes,
    sample::{event, events_of, gzip, request, request_of, zstd},
};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

in_both_modes! {
    async fn every_format_and_compression_is_stored_as_it_came(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let sent = request(3);
        let bodies = [(PROTOBUF, sent.encode_to_vec()), (JSON, serde_json::to_vec(&sent).unwrap())];
        let mut expected = Vec::new();
        for (media_type, plain) in bodies {
            for (encoding, body) in [(None, plain.clone()), (Some("gzip"), gzip(&plain)), (Some("zstd"), zstd(&plain))] {
                let response = gate.post("/v1/logs", media_type, encoding, body.clone()).await;
                assert_eq!(response.status(), StatusCode::OK, "{media_type} {encoding:?}");
                assert_eq!(header(&response, "content-type"), Some(media_type));
                let empty_answer: &[u8] = if media_type == JSON { b"{}" } else { b"" };
                assert_eq!(response.bytes().await.unwrap(), empty_answer);
                expected.push((media_type, encoding, body));
            }
        }
        let stored = gate.stored().await;
        let found: Vec<_> = stored
            .iter()
            .map(|record| (record.header("content-type").unwrap(), record.header("content-encoding"), record.value.clone().unwrap().to_vec()))
            .collect();
        assert_eq!(found, expected);
        assert!(stored.iter().all(|record| events_of(record) == (0..3).map(event).collect::<Vec<_>>()));
        assert_eq!((gate.requests(Outcome::Accepted), gate.events(Outcome::Accepted)), (6, 18));
    }

    async fn a_record_says_what_it_holds_and_whose_it_is(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let sent = gate.http.post(gate.url("/v1/logs")).bearer_auth(gate.token()).header("content-type", PROTOBUF);
        let response = sent.header("traceparent", traceparent).body(request(7).encode_to_vec()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);

        let record = gate.stored_one().await;
        assert_eq!(record.key, gate.school.to_string());
        let (gateway, school) = (gate.gateway.to_string(), gate.school.to_string());
        for (name, value) in [
            ("ce_specversion", "1.0"),
            ("ce_type", "schildwacht.telemetry.batch.v1"),
            ("ce_source", "telemetry-ingest"),
            ("content-type", PROTOBUF),
            ("schildwacht-gateway", &gateway),
            ("schildwacht-school", &school),
            ("schildwacht-events", "7"),
            ("traceparent", traceparent),
        ] {
            assert_eq!(record.header(name), Some(value), "{name}");
        }
        let envelope = events::Envelope::from_record(&record).unwrap();
        assert!(chrono::TimeDelta::zero() <= runtime::Clock::system().now() - envelope.time);
        assert_eq!(envelope.id.as_uuid().get_version_num(), 7);
    }

    async fn a_request_without_events_is_a_success_that_stores_nothing(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let before = gate.requests(Outcome::Empty);
        assert_eq!(gate.post("/v1/logs", PROTOBUF, None, Vec::new()).await.status(), StatusCode::OK);
        assert_eq!(gate.post("/v1/logs", JSON, None, b"{}".to_vec()).await.status(), StatusCode::OK);
        assert_eq!(gate.post("/v1/logs", PROTOBUF, Some("zstd"), zstd(b"")).await.status(), StatusCode::OK);
        assert_eq!(gate.requests(Outcome::Empty), before + 3);
        assert!(gate.stored().await.is_empty());
    }

    async fn events_that_can_never_be_taken_are_left_out_and_said_so(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let too_large = "x".repeat(config().max_event_bytes + 1);
        let sent = request_of([event(0), too_large, event(1)]);

        let response = gate.post("/v1/logs", PROTOBUF, Some("zstd"), zstd(&sent.encode_to_vec())).await;
        assert_eq!(response.status(), StatusCode::OK);
        let answer = ExportLogsServiceResponse::decode(response.bytes().await.unwrap()).unwrap();
        let partial = answer.partial_success.unwrap();
        assert_eq!(partial.rejected_log_records, 1);
        assert!(partial.error_message.contains("1 too large"), "{}", partial.error_message);

        let response = gate.post("/v1/logs", JSON, None, serde_json::to_vec(&sent).unwrap()).await;
        let answer: serde_json::Value = response.json().await.unwrap();
        assert_eq!(answer["partialSuccess"]["rejectedLogRecords"], "1");

        for record in gate.stored().await {
            assert_eq!(record.header("content-encoding"), None, "rewritten, so not compressed");
            assert_eq!(record.header("schildwacht-events"), Some("2"));
            assert_eq!(events_of(&record), [event(0), event(1)]);
        }
        assert_eq!((gate.events(Outcome::Accepted), gate.events(Outcome::TooLarge)), (4, 2));
    }

    async fn a_request_too_large_for_one_record_is_cut_between_events(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let sent = request(4_000);
        for (media_type, body) in [(PROTOBUF, sent.encode_to_vec()), (JSON, serde_json::to_vec(&sent).unwrap())] {
            let before = gate.stored().await.len();
            let response = gate.post("/v1/logs", media_type, None, body).await;
            assert_eq!(response.status(), StatusCode::OK);
            let pieces = gate.stored().await.split_off(before);
            assert!(pieces.len() > 2, "{} pieces", pieces.len());
            let limit = events::Topic::TelemetryBatch.spec().max_record_bytes;
            assert!(pieces.iter().all(|record| record.size() <= limit && record.header("content-type") == Some(media_type)));
            let counted: usize = pieces.iter().map(|record| record.header("schildwacht-events").unwrap().parse::<usize>().unwrap()).sum();
            assert_eq!(counted, 4_000);
            let seen: Vec<String> = pieces.iter().flat_map(events_of).collect();
            assert_eq!(seen, (0..4_000).map(event).collect::<Vec<_>>());
        }
    }

    async fn a_compressed_request_that_fits_as_it_is_is_not_cut(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let body = zstd(&request(4_000).encode_to_vec());
        assert_eq!(gate.post("/v1/logs", PROTOBUF, Some("zstd"), body.clone()).await.status(), StatusCode::OK);
        let record = gate.stored_one().await;
        assert_eq!(record.value.as_ref().unwrap(), &body);
        assert_eq!(record.header("schildwacht-events"), Some("4000"));
    }

    async fn a_body_in_chunks_of_unknown_length_is_put_together(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let body = request(2_000).encode_to_vec();
        let chunks: Vec<Result<Vec<u8>, std::io::Error>> = body.chunks(10_000).map(|chunk| Ok(chunk.to_vec())).collect();
        let streamed = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
        let sent = gate.http.post(gate.url("/v1/logs")).bearer_auth(gate.token()).header("content-type", PROTOBUF).body(streamed);
        assert_eq!(sent.send().await.unwrap().status(), StatusCode::OK);
        let seen: Vec<String> = gate.stored().await.iter().flat_map(events_of).collect();
        assert_eq!(seen.len(), 2_000);
    }

    async fn requests_at_the_same_time_are_each_stored_once(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let requests = (0..200).map(|number| {
            let body = request_of([event(number)]).encode_to_vec();
            gate.post("/v1/logs", PROTOBUF, None, body)
        });
        let responses = futures::future::join_all(requests).await;
        assert!(responses.iter().all(|response| response.status() == StatusCode::OK));
        let mut seen: Vec<String> = gate.stored().await.iter().flat_map(events_of).collect();
        seen.sort();
        let mut expected: Vec<String> = (0..200).map(event).collect();
        expected.sort();
        assert_eq!(seen, expected);
    }
}

in_both_modes! {
    async fn events_in_the_place_of_a_request_are_accepted_as_events(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        for body in [event(0), format!("{}\n{}\n", event(0), event(1)), format!("[{},{}]", event(0), event(1))] {
            let events = body.matches("event_type").count();
            let response = gate.post("/v1/logs", JSON, None, body.into_bytes()).await;
            assert_eq!((response.status(), response.text().await.unwrap()), (StatusCode::OK, "{}".to_owned()));
            let stored = gate.stored().await;
            assert_eq!(stored.last().unwrap().header("content-type"), Some("application/x-ndjson"));
            assert_eq!(events_of(stored.last().unwrap()), (0..events).map(event).collect::<Vec<_>>());
        }
        assert_eq!(gate.events(Outcome::Accepted), 5);
    }

    async fn requests_that_follow_one_another_are_stored_as_they_came(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let one = serde_json::to_string(&request(2)).unwrap();
        let body = format!("{one}\n{one}\n");
        let response = gate.post("/v1/logs", JSON, None, body.clone().into_bytes()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(gate.stored_one().await.value.unwrap(), body);
        assert_eq!(gate.events(Outcome::Accepted), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_which_nothing_is_found_is_no_success() {
    let gate = Gate::open().await;
    let spans = [0x12, 2, 0x12, 0].to_vec();
    for (media_type, body) in [
        (PROTOBUF, spans),
        (JSON, br#"{"resourceSpans":[{"scopeSpans":[]}]}"#.to_vec()),
        (JSON, br#"{"resourceLogs":[{"libraryLogs":[{"logRecords":[{}]}]}]}"#.to_vec()),
        (JSON, b"[]".to_vec()),
        (JSON, b"\xef\xbb\xbf".to_vec()),
    ] {
        let response = gate.post("/v1/logs", media_type, None, body.clone()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{media_type} {body:?}");
    }
    assert_eq!((gate.requests(Outcome::Malformed), gate.events(Outcome::Accepted)), (5, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_is_not_utf8_costs_no_event() {
    let gate = Gate::open().await;
    let sent = request(3);
    for (media_type, mut body) in [(PROTOBUF, sent.encode_to_vec()), (JSON, serde_json::to_vec(&sent).unwrap())] {
        let place = body.windows(4).position(|four| four == b"xxxx").unwrap();
        body[place] = 0xe9;
        let response = gate.post("/v1/logs", media_type, None, body.clone()).await;
        assert_eq!(response.status(), StatusCode::OK, "{media_type}");
        assert_eq!(gate.stored().await.last().unwrap().value.as_ref().unwrap(), &body);
    }
    assert_eq!(gate.events(Outcome::Accepted), 6);
}
