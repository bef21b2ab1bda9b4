#![cfg(test)]
//! Kafka over TLS and with a password, by configuration alone; and what an operator reads who got one of them wrong.

use std::{
    sync::{Arc, Mutex, Weak, mpsc::sync_channel},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::future::join_all;
use runtime::config::Secret;
use schildwacht_events::{EventLog as _, KafkaConfig, KafkaLog, LogError, Record, TailFrom, Topic};
use testkit::{
    PATIENCE,
    servers::{certificates::Certificates, kafka::Secured},
};

/// Where brokers answer, if only to refuse us, nobody waits for long.
const SOON: Duration = Duration::from_secs(15);

/// One for all tests that run at the same time; the last of them stops it. `None`, with a printed reason, where there are no servers.
fn broker() -> Option<Arc<Secured>> {
    static SHARED: Mutex<Weak<Secured>> = Mutex::new(Weak::new());
    if !testkit::has_servers() {
        return None;
    }
    let mut shared = SHARED.lock().unwrap();
    let broker = shared.upgrade().unwrap_or_else(|| Arc::new(started()));
    *shared = Arc::downgrade(&broker);
    Some(broker)
}

/// The system ends a server with the thread that started it, so this is none of a test's.
fn started() -> Secured {
    let (start, is_started) = sync_channel(1);
    thread::spawn(move || {
        start.send(Secured::start().unwrap()).unwrap();
        loop {
            thread::park();
        }
    });
    is_started.recv().unwrap()
}

/// As an operator who got everything right would configure it, but for the properties given here; an empty one is left out.
fn config(broker: &Secured, wrong: &[(&str, &str)]) -> KafkaConfig {
    let right = [
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", Secured::MECHANISM),
        ("sasl.username", Secured::USER),
        ("sasl.password", broker.password()),
        ("ssl.ca.location", broker.authority().to_str().unwrap()),
    ];
    let mut config = KafkaConfig { replication_factor: 1, delivery_timeout_seconds: 5, ..KafkaConfig::new(broker.address()) };
    for (name, value) in right.iter().chain(wrong) {
        config.properties.insert((*name).to_owned(), Secret::new(*value));
    }
    config.properties.retain(|_, value| !value.expose().is_empty());
    config
}

/// Why a process with this configuration does not start.
async fn refusal(config: KafkaConfig) -> (LogError, Arc<KafkaLog>) {
    let log = KafkaLog::open(config).unwrap();
    let refused = log.ensure_topics(&[Topic::TestPlain]).await.unwrap_err();
    println!("{refused}");
    (refused, log)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_go_in_and_come_out_over_tls_and_with_a_password() {
    let Some(broker) = broker() else { return };
    let log = KafkaLog::open(config(&broker, &[])).unwrap();
    log.ensure_topics(&Topic::TEST).await.unwrap();
    log.check().await.unwrap();
    let record = Record { key: Bytes::from_static(b"school"), headers: vec![], value: Some(Bytes::from_static(b"seen")) };
    let positions = log.append(Topic::TestPlain, vec![record.clone(), record.clone()]).await.unwrap();

    // Members of a group, readers without one and observers of a group each connect on their own.
    let mut subscription = log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let mut tail = log.tail(Topic::TestPlain, TailFrom::Start).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let (mut subscribed, mut tailed) = (Vec::new(), Vec::new());
    while subscribed.len() < 2 || tailed.len() < 2 {
        assert!(Instant::now() < deadline, "{subscribed:?} and {tailed:?} came");
        subscribed.extend(subscription.next(10, Duration::from_millis(200)).await.unwrap());
        tailed.extend(tail.next(10, Duration::from_millis(200)).await.unwrap());
    }
    assert!(subscribed.iter().chain(&tailed).all(|delivered| delivered.record == record));
    assert_eq!(subscribed.iter().map(|delivered| delivered.position).collect::<Vec<_>>(), positions);
    subscription.commit(&positions).await.unwrap();
    assert_eq!(log.lag("group", &[Topic::TestPlain]).await.unwrap(), 0);
    log.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_come_in_is_told_soon_and_which_setting_it_is_about() {
    let Some(broker) = broker() else { return };
    let folder = tempfile::tempdir().unwrap();
    let stranger = Certificates::make(folder.path(), "a password").unwrap();

    let cases = [
        (("sasl.password", "hunter2"), ["invalid credentials", "sasl.password"]),
        (("sasl.username", "nobody"), ["invalid credentials", "sasl.username"]),
        (("ssl.ca.location", stranger.authority.to_str().unwrap()), ["certificate", "ssl.ca.location"]),
        // As if it were forgotten: the authorities of this machine, if it has any.
        (("ssl.ca.location", ""), ["certificate", "ssl.ca.location"]),
    ];
    join_all(cases.map(async |(wrong, words)| {
        let began = Instant::now();
        let (refused, log) = refusal(config(&broker, &[wrong])).await;
        assert!(began.elapsed() < SOON, "{wrong:?} took {:?}", began.elapsed());
        assert!(matches!(refused, LogError::Unusable { .. }), "{wrong:?}: {refused:?}");
        let line = refused.to_string();
        assert!(!line.contains('\n') && !line.contains("hunter2"), "{line}");
        assert!(words.iter().all(|word| line.contains(word)), "{wrong:?}: {line}");

        // When it happens later, readiness says the same.
        let not_ready = log.check().await.unwrap_err();
        assert!(matches!(not_ready, LogError::Unusable { .. }), "{wrong:?}: {not_ready:?}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_in_clear_is_told_to_look_at_the_protocol() {
    let Some(broker) = broker() else { return };
    let in_clear = KafkaConfig { properties: Default::default(), ..config(&broker, &[]) };
    let began = Instant::now();
    let (refused, _) = refusal(in_clear).await;
    // The broker only hangs up, as one that restarts may do, so it is waited for.
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert!(matches!(&refused, LogError::Unavailable { reason } if reason.contains("security.protocol")), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_cannot_be_read_is_named_before_anything_is_sent() {
    let Some(broker) = broker() else { return };
    let refused = KafkaLog::open(config(&broker, &[("ssl.ca.location", "/nowhere/ca.pem")])).err().unwrap();
    assert!(matches!(&refused, LogError::Unusable { reason } if reason.contains("ssl.ca.location")), "{refused}");
}
