//! `POST /v1/events` on the main port.

use http::StatusCode;
use schildwacht_telemetry_ingest::Outcome;

use crate::{
    gate::{Gate, config, header},
    in_both_modes,
    sample::{event, events_of, gzip, zstd},
};

const LINES: &str = "application/x-ndjson";

fn lines(events: usize) -> Vec<u8> {
    (0..events).map(|number| event(number) + "\r\n").collect::<String>().into_bytes()
}

in_both_modes! {
    async fn lines_are_stored_as_they_came(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let plain = lines(4);
        for (encoding, body) in [(None, plain.clone()), (Some("gzip"), gzip(&plain)), (Some("zstd"), zstd(&plain))] {
            let response = gate.post("/v1/events", LINES, encoding, body).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.text().await.unwrap(), "{\"accepted\":4}");
        }
        let stored = gate.stored().await;
        assert_eq!(stored[0].value.as_ref().unwrap(), &plain);
        for record in &stored {
            assert_eq!(record.header("content-type"), Some(LINES));
            assert_eq!(events_of(record), (0..4).map(event).collect::<Vec<_>>());
        }
    }

    async fn an_array_is_stored_as_lines(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let array = format!("[{},\n {}]", event(0), event(1));
        let response = gate.post("/v1/events", "application/json", None, array.into_bytes()).await;
        assert_eq!(response.text().await.unwrap(), "{\"accepted\":2}");
        let record = gate.stored_one().await;
        assert_eq!(record.header("content-type"), Some(LINES));
        assert_eq!(events_of(&record), [event(0), event(1)]);
    }

    async fn lines_that_are_no_events_are_left_out_and_named(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let body = format!("{}\nhello\n{}\n{{\"broken\":\n", event(0), event(1));
        let response = gate.post("/v1/events", LINES, None, body.into_bytes()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let answer: serde_json::Value = response.json().await.unwrap();
        assert_eq!((answer["accepted"].as_u64(), answer["rejected"].as_u64()), (Some(2), Some(2)));
        assert!(answer["message"].as_str().unwrap().contains("line 2"), "{answer}");
        assert_eq!(events_of(&gate.stored_one().await), [event(0), event(1)]);
        assert_eq!((gate.events(Outcome::Accepted), gate.events(Outcome::Malformed)), (2, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_any_event_in_it_is_malformed() {
    let gate = Gate::open().await;
    let response = gate.post("/v1/events", LINES, None, b"hello\nworld\n".to_vec()).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(header(&response, "content-type"), Some("application/problem+json"));
    let problem: serde_json::Value = response.json().await.unwrap();
    assert_eq!(problem["reason"], "malformed");
    assert!(problem["title"].as_str().unwrap().contains("line 1"), "{problem}");
    assert_eq!((gate.requests(Outcome::Malformed), gate.events(Outcome::Malformed)), (1, 2));
}

in_both_modes! {
    async fn many_lines_are_cut_between_events(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let response = gate.post("/v1/events", LINES, None, lines(4_000)).await;
        assert_eq!(response.text().await.unwrap(), "{\"accepted\":4000}");
        let stored = gate.stored().await;
        assert!(stored.len() > 1);
        let seen: Vec<String> = stored.iter().flat_map(events_of).collect();
        assert_eq!(seen, (0..4_000).map(event).collect::<Vec<_>>());
    }
}
