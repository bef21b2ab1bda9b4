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

in_both_modes! {
    async fn what_is_accepted_is_as_wide_as_what_can_be_read(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let (one, two) = (event(1), event(2));
        let accepted = [
            (LINES, format!("\0\0\0{one}\n{two}\n")),
            (LINES, format!("\u{feff}{one}\n{two}\n")),
            (LINES, format!("@cee: {one}\n@cee: {two}\n")),
            (LINES, format!("{one},\n{two},\n")),
            (LINES, format!("[{one},{two}]\n")),
            (LINES, format!("[{one}]\n[{two}]\n")),
            (LINES, format!("[\n{one}\n, {two}\n")),
            ("application/json", format!("\u{feff}[{one},{two}]")),
            ("application/json", format!("{one},{two},")),
            ("application/json", format!("@cee: {one}\n@cee: {two}\n")),
            ("application/json", format!("[{one},\n{two}\n")),
            ("application/json", serde_json::json!([one, two]).to_string()),
            (LINES, format!("{}\n{}\n", serde_json::json!(one), serde_json::json!(two))),
        ];
        for (media_type, body) in &accepted {
            let response = gate.post("/v1/events", media_type, None, body.clone().into_bytes()).await;
            assert_eq!(response.text().await.unwrap(), "{\"accepted\":2}", "{media_type} {body:.20}");
        }
        let mut latin1 = format!("[{one},{two}]").into_bytes();
        let place = latin1.iter().position(|byte| *byte == b'x').unwrap();
        latin1[place] = 0xe9;
        let response = gate.post("/v1/events", "application/json", None, latin1).await;
        assert_eq!(response.text().await.unwrap(), "{\"accepted\":2}");
        assert_eq!(gate.events(Outcome::Accepted), 2 * (accepted.len() as u64 + 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_neither_empty_nor_has_events_is_no_success() {
    let gate = Gate::open().await;
    for media_type in [LINES, "application/json"] {
        for body in ["\0\0\0", "\u{feff}", ",\n,\n", "{\"cut\":", "null", "\"x\""] {
            let response = gate.post("/v1/events", media_type, None, body.as_bytes().to_vec()).await;
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{media_type} {body:?}");
        }
        for body in ["", "\n \r\n", "[]", "[\n]\n"] {
            let response = gate.post("/v1/events", media_type, None, body.as_bytes().to_vec()).await;
            assert_eq!(response.text().await.unwrap(), "{\"accepted\":0}", "{media_type} {body:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compression_that_no_header_names_is_seen_and_kept() {
    let gate = Gate::open().await;
    for (name, body) in [("gzip", gzip(&lines(3))), ("zstd", zstd(&lines(3)))] {
        let response = gate.post("/v1/events", LINES, None, body).await;
        assert_eq!(response.text().await.unwrap(), "{\"accepted\":3}");
        assert_eq!(gate.stored().await.last().unwrap().header("content-encoding"), Some(name));
    }
}
