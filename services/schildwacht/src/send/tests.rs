//! Sending against an ingest edge that answers as told.

use std::{
    collections::VecDeque,
    io::Write as _,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use clap::Parser as _;
use runtime::{Clock, config::Secret};
use serde_json::json;
use testkit::Running;

use super::*;
use crate::cli::{Cli, Command};

/// What the edge answers, in turn; `None` is "accepted".
type Script = VecDeque<Option<(StatusCode, &'static str)>>;

#[derive(Clone, Default)]
struct Edge(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    script: Script,
    tokens_given: u32,
    tokens_seen: Vec<String>,
    lines: Vec<String>,
}

impl Edge {
    async fn start(script: impl IntoIterator<Item = Option<(StatusCode, &'static str)>>) -> (Self, Running) {
        runtime::install_tls_provider();
        let edge = Self::default();
        edge.0.lock().unwrap().script = script.into_iter().collect();
        let state = edge.clone();
        let running = Running::start_with(|base| {
            let discovery = json!({ "token_endpoint": format!("{base}/issuer/token") });
            Router::new()
                .route("/issuer/.well-known/openid-configuration", get(move || async move { Json(discovery) }))
                .route("/issuer/token", post(give_token))
                .route("/v1/events", post(take))
                .with_state(state)
        })
        .await;
        (edge, running)
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = self.0.lock().unwrap().lines.clone();
        lines.sort();
        lines
    }
}

async fn give_token(State(edge): State<Edge>) -> Json<serde_json::Value> {
    let mut inner = edge.0.lock().unwrap();
    inner.tokens_given += 1;
    Json(json!({ "access_token": format!("token-{}", inner.tokens_given), "token_type": "Bearer", "expires_in": 300 }))
}

async fn take(State(edge): State<Edge>, headers: HeaderMap, body: Bytes) -> Response {
    let mut inner = edge.0.lock().unwrap();
    inner.tokens_seen.push(headers[header::AUTHORIZATION].to_str().unwrap().to_owned());
    if let Some(Some((status, retry_after))) = inner.script.pop_front() {
        let problem = Json(json!({ "title": "as told", "reason": "told" }));
        return (status, [(header::RETRY_AFTER, retry_after)], problem).into_response();
    }
    assert_eq!(headers[header::CONTENT_ENCODING], "zstd");
    let text = String::from_utf8(zstd::bulk::decompress(&body, 1 << 20).unwrap()).unwrap();
    let (bad, good): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.contains("bad"));
    inner.lines.extend(good.iter().map(ToString::to_string));
    if bad.is_empty() {
        return Json(json!({ "accepted": good.len() })).into_response();
    }
    Json(json!({ "accepted": good.len(), "rejected": bad.len(), "message": "1 event is no JSON" })).into_response()
}

async fn send_lines(edge: &Running, lines: &[&str], more: &[&str]) -> Summary {
    send_bytes(edge, lines.join("\n").as_bytes(), more).await
}

async fn send_bytes(edge: &Running, bytes: &[u8], more: &[&str]) -> Summary {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let (path, at) = (file.path().display().to_string(), edge.url());
    let arguments = ["schildwacht", "send", "--file", &path, "--gateway", "g", "--at", &at, "--batch", "2"];
    let Some(Command::Send(options)) = Cli::parse_from(arguments.iter().chain(more)).command else { panic!("not send") };
    let issuer = crate::access::issuer(&options.system).unwrap();
    let credentials = ClientCredentials { issuer, client_id: "gateway-g".to_owned(), secret: Secret::new("s") };
    send(&options, credentials, Clock::system()).await.unwrap()
}

fn counts(summary: &Summary) -> [u64; 4] {
    let value = serde_json::to_value(summary).unwrap();
    ["events", "accepted", "refused", "not_delivered"].map(|field| value[field].as_u64().unwrap())
}

const THREE: [&str; 3] = ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"];

#[tokio::test]
async fn every_event_arrives_once_and_as_it_stands() {
    let (edge, running) = Edge::start([]).await;
    let summary = send_lines(&running, &THREE, &[]).await;
    assert_eq!(counts(&summary), [3, 3, 0, 0]);
    assert!(summary.all_accepted());
    assert_eq!(edge.lines(), THREE);
    assert_eq!(edge.0.lock().unwrap().tokens_given, 1);
}

#[tokio::test]
async fn busy_edge_is_asked_again_and_nothing_is_lost() {
    let busy = [Some((StatusCode::TOO_MANY_REQUESTS, "0")), Some((StatusCode::SERVICE_UNAVAILABLE, "0"))];
    let (edge, running) = Edge::start(busy).await;
    let summary = send_lines(&running, &THREE, &[]).await;
    assert_eq!(counts(&summary), [3, 3, 0, 0]);
    assert_eq!(edge.lines(), THREE);
}

#[tokio::test]
async fn retries_end_and_what_was_not_delivered_is_said() {
    let (_edge, running) = Edge::start([Some((StatusCode::SERVICE_UNAVAILABLE, "0")); 2]).await;
    let summary = send_lines(&running, &THREE[..2], &["--retries", "1"]).await;
    assert_eq!(counts(&summary), [2, 0, 0, 2]);
    assert!(summary.to_string().contains("2 because: 503 Service Unavailable: as told"), "{summary}");
    assert!(!summary.all_accepted());
}

#[tokio::test]
async fn refusal_is_final_and_said_with_its_reason() {
    let (edge, running) = Edge::start([Some((StatusCode::FORBIDDEN, ""))]).await;
    let summary = send_lines(&running, &THREE[..2], &[]).await;
    assert_eq!(counts(&summary), [2, 0, 2, 0]);
    assert!(summary.to_string().contains("403 Forbidden: as told"), "{summary}");
    assert_eq!(edge.lines(), [""; 0]);
}

#[tokio::test]
async fn token_that_has_become_invalid_is_replaced_once() {
    let (edge, running) = Edge::start([Some((StatusCode::UNAUTHORIZED, ""))]).await;
    let summary = send_lines(&running, &THREE[..2], &[]).await;
    assert_eq!(counts(&summary), [2, 2, 0, 0]);
    assert_eq!(edge.0.lock().unwrap().tokens_seen, ["Bearer token-1", "Bearer token-2"]);
    let (_edge, running) = Edge::start([Some((StatusCode::UNAUTHORIZED, "")); 2]).await;
    assert_eq!(counts(&send_lines(&running, &THREE[..2], &[]).await), [2, 0, 2, 0]);
}

#[tokio::test]
async fn events_that_were_left_out_are_told_apart() {
    let (edge, running) = Edge::start([]).await;
    let summary = send_lines(&running, &["{\"a\":1}", "bad"], &[]).await;
    // A file that begins as JSON lines may hold a broken one; the edge decides.
    assert_eq!(counts(&summary), [2, 1, 1, 0]);
    assert!(summary.to_string().contains("1 because: 1 event is no JSON"), "{summary}");
    assert_eq!(edge.lines(), ["{\"a\":1}"]);
}

#[tokio::test]
async fn of_a_file_that_breaks_off_everything_before_is_sent_and_the_break_is_said() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(THREE.join("\n").as_bytes()).unwrap();
    encoder.write_all(b"\n").unwrap();
    let whole = encoder.finish().unwrap();
    // The end of a gzip file: checksum and length.
    let cut_short = &whole[..whole.len() - 8];
    let (edge, running) = Edge::start([]).await;
    let summary = send_bytes(&running, cut_short, &[]).await;
    assert_eq!(counts(&summary), [3, 3, 0, 0]);
    assert_eq!(edge.lines(), THREE);
    assert!(!summary.all_accepted(), "there was more, or the file is not what it was");
    assert!(summary.to_string().contains("breaks off after these events"), "{summary}");
    assert!(serde_json::to_value(&summary).unwrap()["broke_off"].is_string());

    let (edge, running) = Edge::start([]).await;
    let summary = send_bytes(&running, b"[{\"a\":1}, {\"a\":2}, bad, {\"a\":3}, {\"a\":", &[]).await;
    assert_eq!((counts(&summary), edge.lines()), ([4, 3, 1, 0], THREE.map(str::to_owned).to_vec()));
    assert!(summary.to_string().contains("the file ends within the event that begins in line 1"), "{summary}");
}

#[tokio::test]
async fn an_edge_that_counts_more_than_was_sent_still_says_what_it_left_out() {
    let counted = Running::start_with(|base| {
        let discovery = json!({ "token_endpoint": format!("{base}/issuer/token") });
        let answer = || async { Json(json!({ "accepted": 9, "rejected": 1, "message": "one element is no event" })) };
        Router::new()
            .route("/issuer/.well-known/openid-configuration", get(move || async move { Json(discovery) }))
            .route("/issuer/token", post(give_token))
            .route("/v1/events", post(answer))
            .with_state(Edge::default())
    })
    .await;
    let summary = send_lines(&counted, &THREE[..2], &[]).await;
    assert_eq!(counts(&summary), [2, 1, 1, 0]);
    assert!(!summary.all_accepted());
}

#[tokio::test]
async fn an_issuer_that_refuses_is_not_asked_again() {
    let refusal = Json(json!({ "error": "invalid_client", "error_description": "the secret is wrong" }));
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let running = Running::start_with(|base| {
        let discovery = json!({ "token_endpoint": format!("{base}/issuer/token") });
        let refuse = move || async move {
            count.fetch_add(1, Ordering::Relaxed);
            (StatusCode::UNAUTHORIZED, refusal)
        };
        Router::new()
            .route("/issuer/.well-known/openid-configuration", get(move || async move { Json(discovery) }))
            .route("/issuer/token", post(refuse))
    })
    .await;
    let summary = send_lines(&running, &["{}"; 20], &[]).await;
    assert_eq!(counts(&summary), [20, 0, 0, 20], "no edge has seen them");
    assert!(summary.to_string().contains("20 because: the issuer gives gateway-g no token"), "{summary}");
    assert!(summary.to_string().contains("invalid_client the secret is wrong"), "{summary}");
    assert_eq!(asked.load(Ordering::Relaxed), 1, "an issuer takes wrong secrets over and over for an attack");
    assert!(summary.to_string().contains("0 of them again"), "{summary}");

    let no_issuer = Running::start(Router::new()).await;
    let summary = send_lines(&no_issuer, &THREE[..2], &[]).await;
    assert_eq!(counts(&summary), [2, 0, 0, 2]);
    assert!(summary.to_string().contains("give its address with --issuer"), "{summary}");
}

#[tokio::test]
async fn a_place_where_nothing_takes_events_is_said_with_what_to_do() {
    let (_edge, running) = Edge::start([]).await;
    let summary = send_lines(&running, &THREE[..2], &["--protocol", "otlp"]).await;
    assert_eq!(counts(&summary), [2, 0, 2, 0]);
    let said = format!(
        "nothing takes events at {}v1/logs; give the right address with --at",
        running.url().trim_end_matches('/').to_owned() + "/"
    );
    assert!(summary.to_string().contains(&said), "{summary}");
}

#[tokio::test]
async fn what_answers_like_something_else_has_taken_nothing() {
    let elsewhere: [(&str, Response); 4] = [
        ("200 OK", axum::response::Html("<h1>Sign in to the network</h1>").into_response()),
        ("204 No Content", StatusCode::NO_CONTENT.into_response()),
        ("200 OK", Json(json!({ "ok": true })).into_response()),
        ("307 Temporary Redirect to \"/v1/events/\"", axum::response::Redirect::temporary("/v1/events/").into_response()),
    ];
    for (said, answer) in elsewhere {
        let (status, header, body) =
            (answer.status(), answer.headers().clone(), axum::body::to_bytes(answer.into_body(), 1 << 16).await.unwrap());
        let answer = move || async move { (status, header, body) };
        let running = Running::start_with(|base| {
            let discovery = json!({ "token_endpoint": format!("{base}/issuer/token") });
            Router::new()
                .route("/issuer/.well-known/openid-configuration", get(move || async move { Json(discovery) }))
                .route("/issuer/token", post(give_token))
                .route("/v1/events", post(answer.clone()))
                .route("/v1/logs", post(answer))
                .route("/v1/events/", post(|| async { Json(json!({ "accepted": 2 })) }))
                .with_state(Edge::default())
        })
        .await;
        for protocol in ["json-lines", "otlp"] {
            let summary = send_lines(&running, &THREE[..2], &["--protocol", protocol]).await;
            assert_eq!(counts(&summary), [2, 0, 2, 0], "{said} by {protocol}");
            let text = summary.to_string();
            assert!(text.contains("something else answers at") && text.contains(said), "{text}");
        }
    }
}

#[tokio::test]
async fn an_issuer_that_is_away_is_said_plainly() {
    let nobody = "http://127.0.0.1:9".parse().unwrap();
    let credentials = ClientCredentials { issuer: nobody, client_id: "gateway-g".to_owned(), secret: Secret::new("s") };
    let complaint = auth::MachineTokens::new(credentials, std::time::Duration::from_secs(15)).unwrap().get().await.unwrap_err();
    assert!(complaint.to_string().contains("no answer from the issuer at http://127.0.0.1:9; is it running?"));
}

#[test]
fn real_files_are_read_to_the_last_event() {
    let files = [
        ("suricata/wrccdc-2018-alerts.json", 207),
        ("zeek/notice.json.gz", 207),
        ("zeek/known_services.json.gz", 1_579),
        ("zeek/dns.json.gz", 8_000),
    ];
    for (file, expected) in files {
        let Some(path): Option<PathBuf> = testkit::shared_data(file) else { return };
        let mut events = Events::read(Source::open(&path).unwrap()).unwrap();
        let mut found = 0;
        while let Some(event) = events.next_event().unwrap() {
            let value: serde_json::Value = serde_json::from_slice(event).unwrap();
            assert!(value.is_object());
            found += 1;
        }
        assert_eq!(found, expected, "{file}");
    }
}
