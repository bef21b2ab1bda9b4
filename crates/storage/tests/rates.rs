#![cfg(test)]
//! What replicas know together of rates, on a real Redis.

use std::time::Duration;

use redis::{AsyncCommands as _, aio::MultiplexedConnection};
use schildwacht_storage::{
    SharedRates,
    cache::{CacheConfig, CacheError},
    rates::Payment,
};
use testkit::{eventually, servers};

const NOT_LONG_AGO: Duration = Duration::ZERO;
/// However slow the machine is, a test is over before.
const AN_AGE: Duration = Duration::from_secs(1_000);

fn at(url: &str) -> SharedRates {
    SharedRates::of(&CacheConfig::at(url), "ratestest").unwrap().unwrap()
}

/// A Redis of the test's own: it is emptied, and its password changed.
fn own_redis() -> Option<servers::Running> {
    testkit::has_servers().then(|| servers::REDIS.start_own().unwrap())
}

async fn plainly(redis: &servers::Running) -> MultiplexedConnection {
    redis::Client::open(redis.address()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

fn paid(key: &str, cost: Duration) -> Payment {
    Payment { key: key.to_owned(), cost }
}

async fn settle(rates: &mut SharedRates, key: &str, cost: Duration, since: Duration) -> Duration {
    let ahead = rates.settle(&[paid(key, cost)], since).await.unwrap();
    assert_eq!(ahead.len(), 1);
    ahead[0]
}

#[tokio::test]
async fn what_is_paid_at_one_replica_is_known_to_the_other() {
    let Some(redis) = own_redis() else { return };
    let (mut one, mut other) = (at(redis.address()), at(redis.address()));
    assert_eq!(settle(&mut one, "a", AN_AGE, NOT_LONG_AGO).await, AN_AGE);
    let together = settle(&mut other, "a", AN_AGE, NOT_LONG_AGO).await;
    assert!(AN_AGE < together && together < 2 * AN_AGE, "{together:?}");
    let asked = settle(&mut one, "a", Duration::ZERO, NOT_LONG_AGO).await;
    assert!(AN_AGE < asked && asked < together, "{asked:?}");
    assert_eq!(settle(&mut one, "b", Duration::ZERO, NOT_LONG_AGO).await, Duration::ZERO, "of somebody else");
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_payments() {
    let Some(redis) = own_redis() else { return };
    let mut rates = at(redis.address());
    let payments: Vec<Payment> = (0..1_000).map(|number| paid(&number.to_string(), Duration::from_secs(number))).collect();
    let ahead = rates.settle(&payments, NOT_LONG_AGO).await.unwrap();
    assert_eq!(ahead, payments.iter().map(|payment| payment.cost).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_was_worked_off_since_it_was_paid_is_not_owed() {
    let Some(redis) = own_redis() else { return };
    let mut rates = at(redis.address());
    assert_eq!(settle(&mut rates, "a", AN_AGE, AN_AGE).await, Duration::ZERO);
    assert_eq!(settle(&mut rates, "a", 3 * AN_AGE, AN_AGE).await, 2 * AN_AGE);
    let more = settle(&mut rates, "a", AN_AGE / 2, AN_AGE).await;
    assert!(more > 2 * AN_AGE, "the time was credited before, and is not again: {more:?}");
}

#[tokio::test]
async fn what_is_worked_off_leaves_nothing_behind_and_asking_leaves_nothing_at_all() {
    let Some(redis) = own_redis() else { return };
    let (mut rates, mut plainly) = (at(redis.address()), plainly(&redis).await);
    settle(&mut rates, "asked", Duration::ZERO, NOT_LONG_AGO).await;
    settle(&mut rates, "paid", Duration::from_secs(50), NOT_LONG_AGO).await;
    settle(&mut rates, "soon", Duration::from_millis(1), NOT_LONG_AGO).await;
    let expires_in: i64 = plainly.pttl("ratestest:paid").await.unwrap();
    assert!((1..=50_000).contains(&expires_in), "{expires_in}");
    eventually("only what is owed is kept", async || {
        let keys: Vec<String> = plainly.clone().keys("*").await.unwrap();
        (keys == ["ratestest:paid"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn nobody_is_ahead_without_end() {
    let Some(redis) = own_redis() else { return };
    let (mut rates, mut plainly) = (at(redis.address()), plainly(&redis).await);
    let hour = Duration::from_secs(3_600);
    assert_eq!(settle(&mut rates, "a", Duration::MAX, Duration::MAX).await, Duration::ZERO);
    assert_eq!(settle(&mut rates, "a", Duration::MAX, NOT_LONG_AGO).await, hour);
    // As if Redis's clock had been put back by some centuries; and as if somebody else had written there.
    for nonsense in ["9000000000000000", "nonsense"] {
        let () = plainly.set("ratestest:b", nonsense).await.unwrap();
        assert!(settle(&mut rates, "b", Duration::from_secs(1), NOT_LONG_AGO).await <= hour, "{nonsense}");
    }
}

#[tokio::test]
async fn a_redis_that_was_killed_or_emptied_is_used_again() {
    let Some(mut redis) = own_redis() else { return };
    let mut rates = at(redis.address());
    settle(&mut rates, "a", AN_AGE, NOT_LONG_AGO).await;
    let () = redis::cmd("FLUSHALL").query_async(&mut plainly(&redis).await).await.unwrap();
    let () = redis::cmd("SCRIPT").arg("FLUSH").query_async(&mut plainly(&redis).await).await.unwrap();
    assert_eq!(settle(&mut rates, "a", AN_AGE, NOT_LONG_AGO).await, AN_AGE);
    redis.kill();
    for _ in 0..2 {
        let away = rates.settle(&[paid("a", AN_AGE)], NOT_LONG_AGO).await.unwrap_err();
        assert!(matches!(away, CacheError::Unavailable(_)), "{away:?}");
    }
    redis.start_again().unwrap();
    assert_eq!(settle(&mut rates, "a", AN_AGE, NOT_LONG_AGO).await, AN_AGE, "the first time, with a new connection");
    assert!(rates.settle(&[], NOT_LONG_AGO).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_password_that_is_changed_and_changed_back_is_an_absence() {
    let Some(redis) = own_redis() else { return };
    let (mut rates, mut plainly) = (at(redis.address()), plainly(&redis).await);
    settle(&mut rates, "a", AN_AGE, NOT_LONG_AGO).await;
    let password_becomes = async |password: &str, plainly: &mut MultiplexedConnection| {
        let set = redis::cmd("CONFIG").arg("SET").arg("requirepass").arg(password).to_owned();
        let () = set.query_async(plainly).await.unwrap();
        let others = redis::cmd("CLIENT").arg("KILL").arg("SKIPME").arg("yes").to_owned();
        let _count: u64 = others.query_async(plainly).await.unwrap();
    };
    password_becomes("another", &mut plainly).await;
    for _ in 0..2 {
        let refused = rates.settle(&[paid("a", AN_AGE)], NOT_LONG_AGO).await.unwrap_err();
        assert!(!runtime::error::chain(&refused).contains(redis.password()), "{refused:?}");
    }
    password_becomes(redis.password(), &mut plainly).await;
    assert!(settle(&mut rates, "a", Duration::ZERO, NOT_LONG_AGO).await > Duration::ZERO, "and nothing was lost");
}

#[tokio::test]
async fn a_settlement_that_was_given_up_is_not_counted_later_in_a_heap() {
    let Some(redis) = own_redis() else { return };
    let mut rates = at(redis.address());
    rates.settle(&[], NOT_LONG_AGO).await.unwrap();
    let signal = |name: &str| {
        let id = redis.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
    };
    signal("-STOP");
    for _ in 0..20 {
        let late = tokio::time::timeout(Duration::from_millis(50), rates.settle(&[paid("a", AN_AGE / 10)], NOT_LONG_AGO)).await;
        assert!(late.is_err(), "{late:?}");
    }
    signal("-CONT");
    assert!(settle(&mut rates, "a", Duration::ZERO, NOT_LONG_AGO).await <= AN_AGE / 10, "at most the one that was under way");
}

#[test]
fn an_address_that_is_none_is_refused_before_anybody_connects() {
    let of = |url: &str| SharedRates::of(&CacheConfig::at(url), "ratestest");
    assert!(matches!(of("nonsense"), Err(CacheError::Address(_))));
    assert!(of("").unwrap().is_none());
    assert!(of("redis://127.0.0.1:1").unwrap().is_some());
}
