//! What keeps the door from being broken in: sizes, bombs, slow and broken senders, memory, rates.

use std::time::Duration;

use http::StatusCode;
use prost::Message as _;
use schildwacht_telemetry_ingest::{Config, Outcome};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    gate::{Gate, WITHIN, config, header},
    in_both_modes,
    sample::{gzip, request, request_of, zstd},
    unreliable_log::Mood,
};

const PROTOBUF: &str = "application/x-protobuf";

/// A connection that has sent its headers, and is to send so many bytes.
async fn begun(gate: &Gate, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(gate.doors.otlp_http_address).await.unwrap();
    let token = gate.token();
    let head =
        format!("POST /v1/logs HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer {token}\r\ncontent-type: {PROTOBUF}\r\n{headers}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut answer = vec![0; 4096];
    let length = tokio::time::timeout(WITHIN, stream.read(&mut answer)).await.expect("an answer").unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decompression_bomb_is_refused_for_good() {
    let gate = Gate::open().await;
    let zeros = vec![0; 64 << 20];
    for (encoding, bomb) in [("gzip", gzip(&zeros)), ("zstd", zstd(&zeros))] {
        assert!(bomb.len() < 1 << 20);
        let response = gate.post("/v1/logs", PROTOBUF, Some(encoding), bomb).await;
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE, "{encoding}");
        assert_eq!(header(&response, "retry-after"), None);
    }
    assert_eq!(gate.requests(Outcome::TooLarge), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_refused_whether_it_says_its_length_or_not() {
    let gate = Gate::open().await;
    let body = vec![0; config().max_request_bytes + 1];
    let response = gate.post("/v1/logs", PROTOBUF, None, body.clone()).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);

    let chunks: Vec<Result<Vec<u8>, std::io::Error>> = body.chunks(64 << 10).map(|chunk| Ok(chunk.to_vec())).collect();
    let streamed = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    let sent = gate.http.post(gate.url("/v1/logs")).bearer_auth(gate.token()).header("content-type", PROTOBUF).body(streamed);
    assert_eq!(sent.send().await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(gate.requests(Outcome::TooLarge), 2);
}

in_both_modes! {
    async fn more_events_than_allowed_are_refused_for_good(mode: Mode) {
        let gate = Gate::open_in(mode, Config { max_events: 10, ..config() }).await;
        let response = gate.post("/v1/logs", PROTOBUF, None, request(11).encode_to_vec()).await;
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(gate.post("/v1/logs", PROTOBUF, None, request(10).encode_to_vec()).await.status(), StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_too_slowly_is_cut_off_and_asked_for_again() {
    let gate = Gate::open_with(Config { body_timeout_seconds: 1, ..config() }).await;
    let mut stream = begun(&gate, "content-length: 1000").await;
    stream.write_all(&[0x0a]).await.unwrap();
    let answer = answer(stream).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: "), "{answer}");
    assert_eq!(gate.requests(Outcome::BodyTooSlow), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_hangs_up_in_its_body_is_counted() {
    let gate = Gate::open().await;
    let mut stream = begun(&gate, "content-length: 1000").await;
    stream.write_all(&[0x0a]).await.unwrap();
    drop(stream);
    let until_counted = async {
        while gate.requests(Outcome::BodyBroken) + gate.requests(Outcome::Abandoned) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(WITHIN, until_counted).await.expect("a broken body should be counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_hangs_up_before_the_answer_is_counted_with_its_events() {
    let gate = Gate::open().await;
    gate.log.set_mood(Mood::Slow(Duration::from_secs(4)));
    let body = request(3).encode_to_vec();
    let mut stream = begun(&gate, &format!("content-length: {}", body.len())).await;
    stream.write_all(&body).await.unwrap();
    gate.log.asked().await;
    drop(stream);
    gate.counts_within(WITHIN, Outcome::Abandoned, 1).await;
    assert_eq!(gate.events(Outcome::Abandoned), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_paid_for() {
    let mut config = Config { body_timeout_seconds: 1, ..config() };
    (config.gateway.bytes_per_second, config.gateway.bytes_burst) = (10_000, 1_000);
    let gate = Gate::open_with(config).await;
    let stream = begun(&gate, "content-length: 1000").await;
    assert!(answer(stream).await.starts_with("HTTP/1.1 503"));
    let response = gate.post("/v1/logs", PROTOBUF, None, request(1).encode_to_vec()).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(gate.requests(Outcome::RateLimited), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_hangs_up_in_its_body_pays_for_it() {
    let mut config = config();
    (config.gateway.bytes_per_second, config.gateway.bytes_burst) = (1_000, 1_000);
    let gate = Gate::open_with(config).await;
    let mut stream = begun(&gate, "content-length: 1000").await;
    stream.write_all(&[0x0a]).await.unwrap();
    drop(stream);
    until(&gate, &gate.token(), StatusCode::TOO_MANY_REQUESTS).await;
}

/// Room for three bodies of the largest size, which may be as slow as they like.
fn room_for_three() -> Config {
    let mut config = Config { max_decoded_bytes: 4 << 20, body_timeout_seconds: 600, ..config() };
    config.school.max_bytes_in_flight = 3 * config.max_decoded_bytes;
    config
}

/// Of which three leave no room for a body of a MiB.
const NEARLY_FOUR_MIB: usize = (4 << 20) - (64 << 10);

/// Connections that have sent nearly all of their bodies and do not go on, and fill the room for three: the request before may
/// still hold its share when they come, so that one of them is turned away; hence one more.
async fn fill(gate: &Gate) -> Vec<TcpStream> {
    let nearly_all = vec![0x0a; NEARLY_FOUR_MIB - 1];
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut stream = begun(gate, &format!("content-length: {NEARLY_FOUR_MIB}")).await;
        // The one that is turned away may find its connection closed.
        let _taken = tokio::time::timeout(WITHIN, stream.write_all(&nearly_all)).await.expect("a body is read or refused");
        held.push(stream);
    }
    held
}

/// The first answer with this status.
async fn until(gate: &Gate, token: &str, status: StatusCode) -> reqwest::Response {
    until_of(gate, token, status, 1).await
}

/// The same, to requests with so many events. 5,000 are more than a MiB.
async fn until_of(gate: &Gate, token: &str, status: StatusCode, events: usize) -> reqwest::Response {
    let body = request(events).encode_to_vec();
    let asking = async {
        loop {
            let response = gate.post_as(token, "/v1/logs", PROTOBUF, None, body.clone()).await;
            if response.status() == status {
                return response;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(WITHIN, asking).await.expect("the answer should come")
}

in_both_modes! {
    async fn when_memory_is_used_up_the_next_is_told_to_come_back(mode: Mode) {
        let config = room_for_three();
        let config = Config { max_bytes_in_flight: config.school.max_bytes_in_flight, ..config };
        let gate = Gate::open_in(mode, config).await;
        let (other, school) = (gate.ids.next(), gate.ids.next());
        gate.enrol(other, school, proto::identity::v1::GatewayState::Active).await;
        let token = gate.token_of(other);
        until(&gate, &token, StatusCode::OK).await;

        let held = fill(&gate).await;
        let response = until_of(&gate, &token, StatusCode::SERVICE_UNAVAILABLE, 5_000).await;
        assert_eq!(header(&response, "retry-after"), Some("1"));
        assert!(gate.requests(Outcome::Busy) >= 1);
        drop(held);
        until(&gate, &token, StatusCode::OK).await;
    }

    async fn what_is_only_announced_takes_no_memory(mode: Mode) {
        let config = room_for_three();
        let gate = Gate::open_in(mode, Config { max_bytes_in_flight: config.school.max_bytes_in_flight, ..config }).await;
        let mut held = Vec::new();
        for _ in 0..32 {
            let mut stream = begun(&gate, &format!("content-length: {}", 4 << 20)).await;
            stream.write_all(&[0x0a]).await.unwrap();
            held.push(stream);
        }
        // In a second piece, so that the bodies have begun to be put together.
        for stream in &mut held {
            stream.write_all(&[0x0a]).await.unwrap();
        }
        let (other, school) = (gate.ids.next(), gate.ids.next());
        gate.enrol(other, school, proto::identity::v1::GatewayState::Active).await;
        let token = gate.token_of(other);
        until(&gate, &token, StatusCode::OK).await;
        for token in [&gate.token(), &token].repeat(20) {
            let response = gate.post_as(token, "/v1/logs", PROTOBUF, None, request(1).encode_to_vec()).await;
            assert_eq!(response.status(), StatusCode::OK);
        }
    }

    async fn the_gateways_of_a_school_share_its_rate(mode: Mode) {
        let mut config = config();
        (config.gateway.events_per_second, config.gateway.events_burst) = (10, 5);
        config.school.gateways_at_full_rate = 1;
        let gate = Gate::open_in(mode, config).await;
        let (sibling, neighbour) = (gate.ids.next(), gate.ids.next());
        gate.enrol(sibling, gate.school, proto::identity::v1::GatewayState::Active).await;
        gate.enrol(neighbour, gate.ids.next(), proto::identity::v1::GatewayState::Active).await;
        let (of_sibling, of_neighbour) = (gate.token_of(sibling), gate.token_of(neighbour));
        until(&gate, &of_sibling, StatusCode::OK).await;

        assert_eq!(gate.post("/v1/logs", PROTOBUF, None, request(1_000).encode_to_vec()).await.status(), StatusCode::OK);
        let response = gate.post_as(&of_sibling, "/v1/logs", PROTOBUF, None, request(1).encode_to_vec()).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!((gate.requests(Outcome::SchoolRateLimited), gate.requests(Outcome::RateLimited)), (1, 0));
        until(&gate, &of_neighbour, StatusCode::OK).await;
    }

    async fn a_gateway_with_many_slow_connections_does_not_hold_up_another(mode: Mode) {
        let gate = Gate::open_in(mode, room_for_three()).await;
        let (other, school) = (gate.ids.next(), gate.ids.next());
        gate.enrol(other, school, proto::identity::v1::GatewayState::Active).await;

        let _held = fill(&gate).await;
        until_of(&gate, &gate.token(), StatusCode::TOO_MANY_REQUESTS, 5_000).await;
        until_of(&gate, &gate.token_of(other), StatusCode::OK, 5_000).await;
        assert_eq!(gate.requests(Outcome::Busy), 0);
        assert!(gate.requests(Outcome::SchoolRateLimited) > 0);
    }

    async fn slow_bodies_of_a_school_hold_a_part_of_its_memory_and_no_more(mode: Mode) {
        let mut config = Config { body_timeout_seconds: 600, ..config() };
        config.school.max_bytes_coming_in = config.max_request_bytes + (64 << 10);
        let gate = Gate::open_in(mode, config).await;
        let (other, school) = (gate.ids.next(), gate.ids.next());
        gate.enrol(other, school, proto::identity::v1::GatewayState::Active).await;
        let _held = fill(&gate).await;
        until_of(&gate, &gate.token(), StatusCode::TOO_MANY_REQUESTS, 5_000).await;
        until(&gate, &gate.token(), StatusCode::OK).await;
        until_of(&gate, &gate.token_of(other), StatusCode::OK, 5_000).await;
        assert_eq!(gate.requests(Outcome::Busy), 0);
    }

    async fn bodies_that_end_together_are_not_all_examined_before_the_first_is_charged(mode: Mode) {
        let mut config = config();
        (config.gateway.bytes_per_second, config.gateway.bytes_burst) = (1_000, 1_000);
        let gate = Gate::open_in(mode, config).await;
        let body = zstd(&request(1_000).encode_to_vec());
        let (last, rest) = body.split_last().unwrap();
        let mut held = Vec::new();
        for _ in 0..24 {
            let mut stream = begun(&gate, &format!("content-encoding: zstd\r\ncontent-length: {}", body.len())).await;
            stream.write_all(rest).await.unwrap();
            held.push(stream);
        }
        for stream in &mut held {
            stream.write_all(&[*last]).await.unwrap();
        }
        let answers = futures::future::join_all(held.into_iter().map(answer)).await;
        let accepted = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 200")).count();
        // Each thread may have begun one.
        assert!((1..=2).contains(&accepted), "{accepted} of {}", answers.len());
        assert!(answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 429")).count() == answers.len() - accepted, "{answers:?}");
    }

    async fn a_gateway_over_its_rate_is_told_when_to_come_back_and_another_is_not_held_up(mode: Mode) {
        let mut config = config();
        (config.gateway.events_per_second, config.gateway.events_burst) = (10, 5);
        let gate = Gate::open_in(mode, config).await;
        assert_eq!(gate.post("/v1/logs", PROTOBUF, None, request(100).encode_to_vec()).await.status(), StatusCode::OK);
        let response = gate.post("/v1/logs", PROTOBUF, None, request(1).encode_to_vec()).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = header(&response, "retry-after").unwrap().parse().unwrap();
        assert!((1..=10).contains(&wait), "{wait}");
        let actor = format!("gateway:{}", gate.gateway);
        testkit::eventually("a security event", async || {
            gate.post("/v1/logs", PROTOBUF, None, request(100).encode_to_vec()).await;
            testkit::security_lines("rate_limited").into_iter().find(|line| line.actor == actor && line.action == "telemetry.post")
        })
        .await;

        let (other, school) = (gate.ids.next(), gate.ids.next());
        gate.enrol(other, school, proto::identity::v1::GatewayState::Active).await;
        let token = gate.token_of(other);
        let until_let_in = async {
            while gate.post_as(&token, "/v1/logs", PROTOBUF, None, request(1).encode_to_vec()).await.status() != StatusCode::OK {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(WITHIN, until_let_in).await.expect("another gateway has its own allowance");
    }

    async fn a_gateway_over_its_bytes_is_limited_by_what_comes_out_of_the_compression(mode: Mode) {
        let mut config = config();
        (config.gateway.bytes_per_second, config.gateway.bytes_burst) = (100_000, 1_000);
        let gate = Gate::open_in(mode, config).await;
        let body = zstd(&request(1_000).encode_to_vec());
        assert!(body.len() < 50_000);
        assert_eq!(gate.post("/v1/logs", PROTOBUF, Some("zstd"), body.clone()).await.status(), StatusCode::OK);
        assert_eq!(gate.post("/v1/logs", PROTOBUF, Some("zstd"), body).await.status(), StatusCode::TOO_MANY_REQUESTS);
    }

    async fn a_small_request_that_is_much_to_read_is_refused_for_good(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let good = request(1).encode_to_vec();
        let resources_without_end = [good.clone(), [0x0a, 0].repeat(1 << 20)].concat();
        let attributes_without_end = {
            let many = [0x0a, 0].repeat(300_000);
            let resource = [&[0x0a][..], &varint(many.len()), &many].concat();
            [&[0x0a][..], &varint(resource.len()), &resource, &good].concat()
        };
        for (body, complaint) in [(resources_without_end, "resources and scopes"), (attributes_without_end, "resource and scope take more")] {
            let response = gate.post("/v1/logs", PROTOBUF, Some("zstd"), zstd(&body)).await;
            assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
            assert!(String::from_utf8_lossy(&response.bytes().await.unwrap()).contains(complaint), "{complaint}");
        }
        assert!(gate.stored().await.is_empty());
    }
}

fn varint(value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    prost::encode_length_delimiter(value, &mut out).unwrap();
    out
}

in_both_modes! {
    async fn what_is_refused_for_what_it_is_has_to_be_paid_for_too(mode: Mode) {
        let mut config = config();
        (config.gateway.bytes_per_second, config.gateway.bytes_burst) = (100_000, 1_000);
        let gate = Gate::open_in(mode, config).await;
        let bomb = zstd(&vec![0; 64 << 20]);
        assert_eq!(gate.post("/v1/logs", PROTOBUF, Some("zstd"), bomb.clone()).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(gate.post("/v1/logs", PROTOBUF, Some("zstd"), bomb).await.status(), StatusCode::TOO_MANY_REQUESTS);
    }

    async fn a_small_body_that_is_found_broken_at_its_end_is_paid_for_as_what_it_became(mode: Mode) {
        let mut config = config();
        (config.gateway.bytes_per_second, config.gateway.bytes_burst) = (100_000, 100_000);
        let gate = Gate::open_in(mode, config).await;
        let broken = zstd(&[request_of((0..16).map(|_| "x".repeat(60_000))).encode_to_vec(), vec![0xff]].concat());
        assert!(broken.len() < 10_000);
        assert_eq!(gate.post("/v1/logs", PROTOBUF, Some("zstd"), broken.clone()).await.status(), StatusCode::BAD_REQUEST);
        assert_eq!(gate.post("/v1/logs", PROTOBUF, Some("zstd"), broken).await.status(), StatusCode::TOO_MANY_REQUESTS);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sender_gets_to_read_the_answer_although_its_body_was_not_wanted() {
    let gate = Gate::open().await;
    let sent = gate.http.post(gate.url("/v1/logs")).header("content-type", PROTOBUF).body(vec![0; 3 << 20]);
    assert_eq!(sent.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}
