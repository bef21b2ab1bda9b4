//! What may be lost: sessions, look-ups. In this process, or in Redis and then shared by replicas.
//!
//! Callers must treat a miss as normal. Nothing here is the only copy of something a school reported.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use moka::Expiry;
use redis::AsyncCommands as _;
use runtime::config::Secret;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

const MEMORY_CAPACITY_BYTES: u64 = 32 * 1024 * 1024;

/// `[cache]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// `redis://host:port/db`, or empty to keep everything in this process.
    pub redis_url: Secret,
}

/// Why the cache did not answer.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// Redis is away.
    #[error("cache is unavailable")]
    Unavailable(#[from] redis::RedisError),
    /// What is cached has another shape.
    #[error("cached value is not readable")]
    Unreadable(#[from] serde_json::Error),
}

impl From<CacheError> for runtime::Error {
    fn from(error: CacheError) -> Self {
        Self::unavailable("cache_unavailable", error)
    }
}

#[async_trait]
trait Backend: Send + Sync {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError>;
    async fn put(&self, key: String, value: Vec<u8>, keep: Duration) -> Result<(), CacheError>;
    async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError>;
    async fn check(&self) -> Result<(), CacheError>;
}

/// A cache of small JSON values by key.
#[derive(Clone)]
pub struct Cache {
    backend: Arc<dyn Backend>,
    prefix: &'static str,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cache").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Cache {
    /// Opens the configured cache; `prefix` keeps services apart (`portal`).
    ///
    /// # Errors
    /// When the URL is not right or Redis does not answer.
    pub async fn open(config: &CacheConfig, prefix: &'static str) -> Result<Self, CacheError> {
        let url = config.redis_url.expose();
        if url.is_empty() {
            return Ok(Self::in_process(prefix));
        }
        let connection = redis::aio::ConnectionManager::new(redis::Client::open(url)?).await?;
        Ok(Self { backend: Arc::new(Redis(connection)), prefix })
    }

    /// A cache of this process alone.
    pub fn in_process(prefix: &'static str) -> Self {
        let entries = moka::future::Cache::builder()
            .max_capacity(MEMORY_CAPACITY_BYTES)
            .weigher(|key: &String, kept: &Kept| u32::try_from(key.len() + kept.value.len() + 64).unwrap_or(u32::MAX))
            .expire_after(KeepAsTold)
            .build();
        Self { backend: Arc::new(Memory(entries)), prefix }
    }

    /// The value, if it is still there.
    ///
    /// # Errors
    /// When the cache is away or holds another shape.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, CacheError> {
        let value = self.backend.get(&self.full(key)).await?;
        Ok(value.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// Keeps a value for some time, in place of an earlier one.
    ///
    /// # Errors
    /// When the cache is away.
    pub async fn put<T: Serialize + Sync>(&self, key: &str, value: &T, keep: Duration) -> Result<(), CacheError> {
        self.backend.put(self.full(key), serde_json::to_vec(value)?, keep).await
    }

    /// Removes a value and returns it; of several callers at once, one gets it.
    ///
    /// # Errors
    /// When the cache is away or holds another shape.
    pub async fn take<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, CacheError> {
        let value = self.backend.take(&self.full(key)).await?;
        Ok(value.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// Removes a value.
    ///
    /// # Errors
    /// When the cache is away.
    pub async fn remove(&self, key: &str) -> Result<(), CacheError> {
        self.backend.take(&self.full(key)).await.map(drop)
    }

    /// Asks the cache something; for readiness.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn check(&self) -> Result<(), CacheError> {
        self.backend.check().await
    }

    fn full(&self, key: &str) -> String {
        format!("{}:{key}", self.prefix)
    }
}

#[derive(Clone)]
struct Kept {
    value: Arc<[u8]>,
    keep: Duration,
}

struct KeepAsTold;

impl Expiry<String, Kept> for KeepAsTold {
    fn expire_after_create(&self, _key: &String, kept: &Kept, _now: Instant) -> Option<Duration> {
        Some(kept.keep)
    }

    fn expire_after_update(&self, _key: &String, kept: &Kept, _now: Instant, _left: Option<Duration>) -> Option<Duration> {
        Some(kept.keep)
    }
}

struct Memory(moka::future::Cache<String, Kept>);

#[async_trait]
impl Backend for Memory {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(self.0.get(key).await.map(|kept| kept.value.to_vec()))
    }

    async fn put(&self, key: String, value: Vec<u8>, keep: Duration) -> Result<(), CacheError> {
        self.0.insert(key, Kept { value: value.into(), keep }).await;
        Ok(())
    }

    async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(self.0.remove(key).await.map(|kept| kept.value.to_vec()))
    }

    async fn check(&self) -> Result<(), CacheError> {
        Ok(())
    }
}

struct Redis(redis::aio::ConnectionManager);

#[async_trait]
impl Backend for Redis {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(self.0.clone().get(key).await?)
    }

    async fn put(&self, key: String, value: Vec<u8>, keep: Duration) -> Result<(), CacheError> {
        let milliseconds = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX).max(1);
        Ok(self.0.clone().pset_ex(key, value, milliseconds).await?)
    }

    async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(self.0.clone().get_del(key).await?)
    }

    async fn check(&self) -> Result<(), CacheError> {
        let _pong: String = redis::cmd("PING").query_async(&mut self.0.clone()).await?;
        Ok(())
    }
}
