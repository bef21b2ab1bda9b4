#![cfg(test)]
//! What a cache promises, in process and in Redis.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
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

const A_MINUTE: Duration = Duration::from_secs(60);

fn texts(members: &[&str]) -> BTreeSet<String> {
    members.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_set_holds_what_was_added_and_not_what_was_removed() {
    for (which, cache) in caches().await {
        let key = key("set");
        assert_eq!(cache.members(&key).await.unwrap(), texts(&[]), "{which}");
        for member in ["a", "b", "c"] {
            assert!(cache.add(&key, member, A_MINUTE).await.unwrap(), "{which}");
        }
        assert!(!cache.add(&key, "b", A_MINUTE).await.unwrap(), "{which}: it is in it already");
        cache.remove_member(&key, "a").await.unwrap();
        cache.remove_member(&key, "never there").await.unwrap();
        assert_eq!(cache.members(&key).await.unwrap(), texts(&["b", "c"]), "{which}");
        for member in ["b", "c"] {
            cache.remove_member(&key, member).await.unwrap();
        }
        assert_eq!(cache.members(&key).await.unwrap(), texts(&[]), "{which}");
        assert!(cache.add(&key, "b", A_MINUTE).await.unwrap(), "{which}: it is new again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_add_and_remove_at_once_none_undoes_anothers_work() {
    for (which, cache) in caches().await {
        let (key, goes) = (key("together"), |number: u32| format!("goes {number}"));
        for number in 0..50 {
            cache.add(&key, &goes(number), A_MINUTE).await.unwrap();
        }
        let work = (0..50).map(|number| {
            let (cache, key) = (cache.clone(), key.clone());
            async move {
                cache.add(&key, &format!("comes {number}"), A_MINUTE).await.unwrap();
                cache.remove_member(&key, &goes(number)).await.unwrap();
                cache.add(&key, "comes to all", A_MINUTE).await.unwrap()
            }
        });
        let firsts = join_all(work).await.into_iter().filter(|is_first| *is_first).count();
        let expected: BTreeSet<String> = (0..50).map(|number| format!("comes {number}")).chain(["comes to all".to_owned()]).collect();
        assert_eq!((cache.members(&key).await.unwrap(), firsts), (expected, 1), "{which}");
    }
}

#[tokio::test]
async fn a_set_is_kept_as_long_as_the_longest_that_was_asked_and_no_longer() {
    for (which, cache) in caches().await {
        let (long, short) = (key("set for long"), key("set for short"));
        cache.add(&long, "a", A_MINUTE).await.unwrap();
        for key in [&long, &short] {
            cache.add(key, "b", Duration::from_millis(20)).await.unwrap();
        }
        testkit::eventually("the short one to go", async || cache.members(&short).await.unwrap().is_empty().then_some(())).await;
        assert_eq!(cache.members(&long).await.unwrap(), texts(&["a", "b"]), "{which}");
    }
}
