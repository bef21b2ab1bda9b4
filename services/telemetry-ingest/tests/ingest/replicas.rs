//! Several replicas: with one Redis a gateway has one rate, and nobody's answer depends on Redis.

use std::process::Command;

use http::StatusCode;
use prost::Message as _;
use proto::identity::v1::GatewayState;
use runtime::GatewayId;
use schildwacht_telemetry_ingest::{Config, Outcome, Settlement};
use testkit::{
    eventually,
    servers::{self, Running},
};

use crate::{
    gate::{Gate, Ground, Mode, config, header},
    sample::{events_of, request},
};

/// Events of a request after which its gateway is over its rate for most of an hour, however slow the machine is.
const FAR_TOO_MANY: usize = 3_000;

fn by_events() -> Config {
    let mut config = config();
    (config.gateway.events_per_second, config.gateway.events_burst) = (1, 100);
    config
}

fn by_bytes() -> Config {
    let mut config = config();
    (config.gateway.bytes_per_second, config.gateway.bytes_burst) = (1_000, 100_000);
    config
}

async fn send(gate: &Gate, gateway: GatewayId, events: usize) -> reqwest::Response {
    // Nothing costs nothing: around events there are some bytes, which a replica would settle and hear of the others.
    let body = if events == 0 { Vec::new() } else { request(events).encode_to_vec() };
    gate.post_as(&gate.token_of(gateway), "/v1/logs", "application/x-protobuf", None, body).await
}

async fn status(gate: &Gate, gateway: GatewayId, events: usize) -> StatusCode {
    send(gate, gateway, events).await.status()
}

/// A gateway that both let in and that has sent nothing yet.
async fn new_gateway(one: &Gate, other: &Gate) -> GatewayId {
    let gateway = one.ids.next();
    one.enrol(gateway, one.school, GatewayState::Active).await;
    for gate in [one, other] {
        let let_in = async || (status(gate, gateway, 0).await == StatusCode::OK).then_some(());
        eventually("the gateway is let in", let_in).await;
    }
    gateway
}

/// Lets a gateway use its rate up at one replica and post a little to the other; that gateway, and what the other says to its next
/// post. A settlement that fails, as it may on a machine that stands still for a moment, is forgotten: then with another gateway.
async fn after_using_it_up(one: &Gate, other: &Gate) -> (GatewayId, reqwest::Response) {
    let failures = || one.settlements(Settlement::Failed) + other.settlements(Settlement::Failed);
    loop {
        let (gateway, failures_before) = (new_gateway(one, other).await, failures());
        assert_eq!(status(one, gateway, FAR_TOO_MANY).await, StatusCode::OK);
        assert_eq!(status(one, gateway, 1).await, StatusCode::TOO_MANY_REQUESTS);
        one.has_settled().await;
        assert_eq!(status(other, gateway, 1).await, StatusCode::OK, "it has not heard of this gateway yet");
        other.has_settled().await;
        let answer = send(other, gateway, 1).await;
        if failures() == failures_before {
            return (gateway, answer);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_used_up_at_one_replica_is_used_up_at_the_other() {
    if !testkit::has_servers() {
        return;
    }
    for config in [by_events(), by_bytes()] {
        let one = Gate::open_in(Mode::Production, config.clone()).await;
        let other = one.replica(config).await;
        let (_gateway, refused) = after_using_it_up(&one, &other).await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = header(&refused, "retry-after").unwrap().parse().unwrap();
        assert!(wait > 600, "{wait} s, but it is as far ahead as at the first replica");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_redis_each_replica_keeps_to_the_rate_by_itself() {
    let one = Gate::open_with(by_events()).await;
    let other = one.replica(by_events()).await;
    assert_eq!(status(&one, one.gateway, FAR_TOO_MANY).await, StatusCode::OK);
    assert_eq!(status(&one, one.gateway, 1).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(status(&other, one.gateway, FAR_TOO_MANY).await, StatusCode::OK);
    assert_eq!(status(&other, one.gateway, 1).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(one.settlements(Settlement::Settled) + one.settlements(Settlement::Failed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_killed_and_started_empty_is_missed_by_nobody() {
    redis_goes_away_and_comes_back(Running::kill, |redis| redis.start_again().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_does_not_answer_for_a_while_is_missed_by_nobody() {
    redis_goes_away_and_comes_back(|redis| signal(redis, "-STOP"), |redis| signal(redis, "-CONT")).await;
}

fn signal(redis: &Running, signal: &str) {
    let told = Command::new("kill").args([signal, &redis.process_id().unwrap().to_string()]).status().unwrap();
    assert!(told.success());
}

async fn redis_goes_away_and_comes_back(goes_away: fn(&mut Running), comes_back: fn(&mut Running)) {
    if !testkit::has_servers() {
        return;
    }
    let mut redis = servers::REDIS.start_own().unwrap();
    let ground = Ground::of(Mode::Production).await.with_redis(redis.address());
    let one = Gate::open_on(ground, by_events()).await;
    let other = one.replica(by_events()).await;
    let (before, refused) = after_using_it_up(&one, &other).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let meanwhile = new_gateway(&one, &other).await;

    let failures_before = [&one, &other].map(|gate| gate.settlements(Settlement::Failed));
    goes_away(&mut redis);
    for (gate, failures) in [&one, &other].into_iter().zip(failures_before) {
        // Two: one may have begun before.
        eventually("Redis is missed", async || (gate.settlements(Settlement::Failed) >= failures + 2).then_some(())).await;
        assert_eq!(status(gate, before, 1).await, StatusCode::TOO_MANY_REQUESTS, "what was learnt stays");
        assert_eq!(status(gate, meanwhile, FAR_TOO_MANY).await, StatusCode::OK);
        assert_eq!(status(gate, meanwhile, 1).await, StatusCode::TOO_MANY_REQUESTS, "the door is not open");
        let readiness = gate.process.health.readiness().await;
        assert!(readiness.ready, "{readiness:?}");
    }

    comes_back(&mut redis);
    one.has_settled().await;
    other.has_settled().await;
    let third = one.replica(by_events()).await;
    assert_eq!(status(&third, meanwhile, 1).await, StatusCode::OK);
    third.has_settled().await;
    assert_eq!(status(&third, meanwhile, 1).await, StatusCode::TOO_MANY_REQUESTS, "what is still owed is settled afterwards");
    let (_gateway, refused) = after_using_it_up(&one, &other).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);

    let accepted: u64 = [&one, &other, &third].map(|gate| gate.events(Outcome::Accepted)).iter().sum();
    assert_eq!(one.stored().await.iter().flat_map(events_of).count() as u64, accepted, "all that was accepted is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_not_there_at_the_start_keeps_nobody_out() {
    let nobody = format!("redis://127.0.0.1:{}", testkit::free_port());
    let gate = Gate::open_on(Ground::of(Mode::Embedded).await.with_redis(&nobody), by_events()).await;
    eventually("Redis is missed", async || (gate.settlements(Settlement::Failed) > 0).then_some(())).await;
    assert_eq!(status(&gate, gate.gateway, FAR_TOO_MANY).await, StatusCode::OK);
    assert_eq!(status(&gate, gate.gateway, 1).await, StatusCode::TOO_MANY_REQUESTS);
    assert!(gate.process.health.readiness().await.ready);
    assert_eq!(gate.stored().await.iter().flat_map(events_of).count(), FAR_TOO_MANY);
}
