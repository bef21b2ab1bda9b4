#![cfg(test)]
//! What a cache promises, in process and in Redis.

use std::time::Duration;

use schildwacht_storage::{Cache, cache::CacheConfig};

async fn caches() -> Vec<(&'static str, Cache)> {
    let mut caches = vec![("in process", Cache::in_process("cachetest"))];
    match std::env::var(testkit::servers::REDIS.variable) {
        Ok(url) => {
            let config = CacheConfig::at(url);
            caches.push(("redis", Cache::open(&config, "cachetest").await.unwrap()));
        }
        Err(_) => testkit::skip("on Redis, which `cargo xtask test` starts"),
    }
    caches
}

fn key(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

#[tokio::test]
async fn a_value_comes_back_until_its_time_is_over() {
    for (which, cache) in caches().await {
        cache.put(&key("short"), &"here", Duration::from_millis(150)).await.unwrap();
        assert_eq!(cache.get::<String>(&key("short")).await.unwrap().as_deref(), Some("here"), "{which}");
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(cache.get::<String>(&key("short")).await.unwrap(), None, "{which}");
    }
}

#[tokio::test]
async fn a_value_is_taken_once() {
    for (which, cache) in caches().await {
        cache.put(&key("once"), &7, Duration::from_secs(60)).await.unwrap();
        assert_eq!(cache.take::<i32>(&key("once")).await.unwrap(), Some(7), "{which}");
        assert_eq!(cache.take::<i32>(&key("once")).await.unwrap(), None, "{which}");
    }
}

#[tokio::test]
async fn a_later_value_replaces_an_earlier_one() {
    for (which, cache) in caches().await {
        cache.put(&key("replaced"), &1, Duration::from_secs(60)).await.unwrap();
        cache.put(&key("replaced"), &2, Duration::from_secs(60)).await.unwrap();
        assert_eq!(cache.get::<i32>(&key("replaced")).await.unwrap(), Some(2), "{which}");
        cache.remove(&key("replaced")).await.unwrap();
        assert_eq!(cache.get::<i32>(&key("replaced")).await.unwrap(), None, "{which}");
    }
}
