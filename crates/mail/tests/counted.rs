#![cfg(test)]
//! Every attempt ends in one counted outcome. In a program of its own, since metrics are the process's.

#[path = "it/server.rs"]
#[expect(dead_code, reason = "this program needs only a part of that server")]
mod server;
#[path = "it/world.rs"]
#[expect(dead_code, reason = "this program needs only a part of that world")]
mod world;

use chrono::TimeDelta;
use runtime::{
    Tasks,
    telemetry::{LogFormat, Telemetry, TelemetryConfig},
};
use testkit::{Store, TestDatabase, eventually};

use crate::{
    server::Manner,
    world::{AFTER_THE_LEASE, World, mail_to},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attempt_ends_in_one_counted_outcome() {
    let config = TelemetryConfig {
        log_format: LogFormat::Text,
        log_filter: "off".to_owned(),
        otlp_endpoint: String::new(),
        sample_ratio: 0.0,
        trace_filter: "off".to_owned(),
    };
    let telemetry = Telemetry::start(&config, "test").unwrap();
    let world = World::new(TestDatabase::new(Store::Sqlite).await.unwrap()).await;
    let sender = world.sender();
    world.server.will([
        Manner::Answers("RCPT", "450 4.2.1 later\r\n"),
        Manner::Answers("RCPT", "550 5.1.1 no such person\r\n"),
        Manner::AcceptsInSilence,
    ]);
    world.queue(&mail_to("postponed@school.example")).await;
    world.send_all(&sender).await;
    world.queue(&mail_to("refused@school.example")).await;
    world.send_all(&sender).await;
    world.queue(&mail_to("left@school.example")).await;
    tokio::select! {
        sent = sender.send_next() => panic!("the server says nothing: {sent:?}"),
        () = world.server.until_accepted(1) => {}
    }
    world.clock.advance(AFTER_THE_LEASE);
    world.send_all(&sender).await;

    world.server.will([Manner::Answers("MAIL", "421 4.3.2 shutting down\r\n")]);
    world.queue(&mail_to("waits@school.example")).await;
    world.send_all(&sender).await;
    // Less than the shortest pause.
    world.clock.advance(TimeDelta::seconds(10));
    let tasks = Tasks::new();
    tasks.spawn("mail", sender.run(tasks.shutdown()));
    let value = |name: &str, labels: &[&str]| {
        let text = telemetry.prometheus_text().unwrap();
        let line = text.lines().find(|line| line.starts_with(name) && labels.iter().all(|label| line.contains(label)));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
    };
    eventually("the backlog", async || value("mail_backlog", &["service=\"test\""])).await;
    tasks.shutdown().request();
    tasks.drain(testkit::PATIENCE).await.unwrap();

    assert_eq!(value("mail_attempts_total", &["outcome=\"sent\""]), Some(2.0));
    assert_eq!(value("mail_attempts_total", &["outcome=\"retried\"", "reason=\"postponed\""]), Some(1.0));
    assert_eq!(value("mail_attempts_total", &["outcome=\"retried\"", "reason=\"server_refused\""]), Some(1.0));
    assert_eq!(value("mail_attempts_total", &["outcome=\"given_up\"", "reason=\"refused\""]), Some(1.0));
    assert_eq!(value("mail_taken_over_total", &["service=\"test\""]), Some(1.0));
    assert_eq!(value("mail_backlog", &["service=\"test\""]), Some(1.0));
    assert_eq!(value("mail_oldest_age_seconds", &["service=\"test\""]), Some(10.0));
}
