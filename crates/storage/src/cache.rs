//! What may be lost: sessions, look-ups. In this process, or in Redis and then shared by replicas.
//!
//! Callers must treat a miss as normal. Nothing here is the only copy of something a school reported.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use moka::{Expiry, ops::compute::Op};
use redis::{
    AsyncCommands as _, Cmd, ErrorKind, FromRedisValue, RedisError, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use runtime::config::Secret;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The key that names the CA of a Redis.
const CA_FILE: &str = "cache.ca_file";
const MEMORY_CAPACITY_BYTES: u64 = 32 * 1024 * 1024;
/// With Redis, for a connection and for an answer. A caller waits, and should know soon that it is unavailable.
const PATIENCE: Duration = Duration::from_secs(2);

/// `[cache]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// `rediss://host:port/db` over TLS, `redis://…` in clear, or empty to keep everything in this process.
    pub redis_url: Secret,
    /// CA certificates (PEM) of a Redis at a `rediss://` address; the system's own when there is none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

impl CacheConfig {
    /// Kept in the Redis at this address; in this process when it is empty.
    pub fn at(redis_url: impl Into<String>) -> Self {
        Self { redis_url: Secret::new(redis_url), ca_file: None }
    }
}

/// Why the cache did not answer.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It never can.
    #[error("cache.redis_url is not the address of a Redis, as in rediss://:password@host:6379/0")]
    Address(#[source] redis::RedisError),
    /// The certificates of its authority cannot be used.
    #[error("cache.ca_file: {} {complaint}", file.display())]
    Authority {
        file: PathBuf,
        /// What is wrong.
        complaint: String,
    },
    /// It is not there at the start, or not for us.
    #[error("cache.redis_url: Redis at {server} {complaint}")]
    Unusable {
        /// Host and port.
        server: String,
        /// What is wrong, and what to do.
        complaint: String,
    },
    /// Redis is unavailable.
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
    async fn add(&self, key: String, member: &str, keep: Duration) -> Result<bool, CacheError>;
    async fn members(&self, key: &str) -> Result<BTreeSet<String>, CacheError>;
    async fn remove_member(&self, key: String, member: &str) -> Result<(), CacheError>;
    async fn check(&self) -> Result<(), CacheError>;
}

/// A cache of small JSON values by key, and of small sets of texts. A key is of a value or of a set, never of both.
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
        let Some(client) = client(config)? else { return Ok(Self::in_process(prefix)) };
        let server = server_of(&client);
        let redis = Redis::open(client).await.map_err(|error| CacheError::Unusable { server, complaint: complaint(&error) })?;
        Ok(Self { backend: Arc::new(redis), prefix })
    }

    /// A cache of this process alone.
    pub fn in_process(prefix: &'static str) -> Self {
        let entries = moka::future::Cache::builder()
            .max_capacity(MEMORY_CAPACITY_BYTES)
            .weigher(|key: &String, kept: &Kept| u32::try_from(key.len() + kept.value.len() + 64).unwrap_or(u32::MAX))
            .expire_after(KeepAsTold)
            .build();
        let sets = moka::future::Cache::builder()
            .max_capacity(MEMORY_CAPACITY_BYTES)
            .weigher(|key: &String, set: &KeptSet| {
                let members: usize = set.members.iter().map(|member| member.len() + 64).sum();
                u32::try_from(key.len() + members + 64).unwrap_or(u32::MAX)
            })
            .expire_after(KeepAsTold)
            .build();
        Self { backend: Arc::new(Memory { entries, sets }), prefix }
    }

    /// The value, if it is still there.
    ///
    /// # Errors
    /// When the cache is unavailable or holds another shape.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, CacheError> {
        let value = self.backend.get(&self.full(key)).await?;
        Ok(value.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// Keeps a value for some time, in place of an earlier one.
    ///
    /// # Errors
    /// When the cache is unavailable.
    pub async fn put<T: Serialize + Sync>(&self, key: &str, value: &T, keep: Duration) -> Result<(), CacheError> {
        self.backend.put(self.full(key), serde_json::to_vec(value)?, keep).await
    }

    /// Removes a value and returns it; of several callers at once, one gets it.
    ///
    /// # Errors
    /// When the cache is unavailable or holds another shape.
    pub async fn take<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, CacheError> {
        let value = self.backend.take(&self.full(key)).await?;
        Ok(value.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// Removes a value.
    ///
    /// # Errors
    /// When the cache is unavailable.
    pub async fn remove(&self, key: &str) -> Result<(), CacheError> {
        self.backend.take(&self.full(key)).await.map(drop)
    }

    /// Adds to a set, which from now on is kept at least this long; whether it was not in it before. Of several callers at once, of all
    /// replicas, none undoes what another adds or removes, and one is told that it was the first.
    ///
    /// # Errors
    /// When the cache is unavailable; then it may or may not have been added.
    pub async fn add(&self, key: &str, member: &str, keep: Duration) -> Result<bool, CacheError> {
        self.backend.add(self.full(key), member, keep).await
    }

    /// What is in a set; nothing when there is none (any more).
    ///
    /// # Errors
    /// When the cache is unavailable.
    pub async fn members(&self, key: &str) -> Result<BTreeSet<String>, CacheError> {
        self.backend.members(&self.full(key)).await
    }

    /// Takes one out of a set. How long the others are kept stays as it is.
    ///
    /// # Errors
    /// When the cache is unavailable.
    pub async fn remove_member(&self, key: &str, member: &str) -> Result<(), CacheError> {
        self.backend.remove_member(self.full(key), member).await
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

/// Of the configured Redis, without connecting; `None` where none is configured.
pub(crate) fn client(config: &CacheConfig) -> Result<Option<redis::Client>, CacheError> {
    let url = config.redis_url.expose();
    if url.is_empty() {
        return Ok(None);
    }
    let Some(file) = &config.ca_file else { return redis::Client::open(url).map(Some).map_err(CacheError::Address) };
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(authorities(file)?) };
    redis::Client::build_with_tls(url, certificates).map(Some).map_err(CacheError::Address)
}

fn authorities(file: &Path) -> Result<Vec<u8>, CacheError> {
    let refused = |complaint: String| CacheError::Authority { file: file.to_owned(), complaint };
    let pem = std::fs::read(file).map_err(|error| refused(format!("cannot be read: {error}")))?;
    let holds_one = String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----");
    if holds_one { Ok(pem) } else { Err(refused("holds no certificate in PEM".to_owned())) }
}

#[derive(Clone)]
struct Kept {
    value: Arc<[u8]>,
    keep: Duration,
}

#[derive(Clone)]
struct KeptSet {
    members: Arc<BTreeSet<String>>,
    until: Instant,
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

impl Expiry<String, KeptSet> for KeepAsTold {
    fn expire_after_create(&self, _key: &String, kept: &KeptSet, now: Instant) -> Option<Duration> {
        Some(kept.until.saturating_duration_since(now))
    }

    fn expire_after_update(&self, _key: &String, kept: &KeptSet, now: Instant, _left: Option<Duration>) -> Option<Duration> {
        Some(kept.until.saturating_duration_since(now))
    }
}

struct Memory {
    entries: moka::future::Cache<String, Kept>,
    sets: moka::future::Cache<String, KeptSet>,
}

#[async_trait]
impl Backend for Memory {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(self.entries.get(key).await.map(|kept| kept.value.to_vec()))
    }

    async fn put(&self, key: String, value: Vec<u8>, keep: Duration) -> Result<(), CacheError> {
        self.entries.insert(key, Kept { value: value.into(), keep }).await;
        Ok(())
    }

    async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(self.entries.remove(key).await.map(|kept| kept.value.to_vec()))
    }

    async fn add(&self, key: String, member: &str, keep: Duration) -> Result<bool, CacheError> {
        let mut is_new = false;
        let add = |before: Option<moka::Entry<String, KeptSet>>| {
            let until = Instant::now() + keep;
            let before = before.map(moka::Entry::into_value).unwrap_or(KeptSet { members: Arc::default(), until });
            let mut members = Arc::unwrap_or_clone(before.members);
            is_new = members.insert(member.to_owned());
            std::future::ready(Op::Put(KeptSet { members: Arc::new(members), until: until.max(before.until) }))
        };
        self.sets.entry(key).and_compute_with(add).await;
        Ok(is_new)
    }

    async fn members(&self, key: &str) -> Result<BTreeSet<String>, CacheError> {
        let set = self.sets.get(key).await;
        Ok(set.map(|set| Arc::unwrap_or_clone(set.members)).unwrap_or_default())
    }

    async fn remove_member(&self, key: String, member: &str) -> Result<(), CacheError> {
        let remove = |before: Option<moka::Entry<String, KeptSet>>| {
            let Some(KeptSet { members, until }) = before.map(moka::Entry::into_value) else { return std::future::ready(Op::Nop) };
            let mut members = Arc::unwrap_or_clone(members);
            members.remove(member);
            std::future::ready(if members.is_empty() { Op::Remove } else { Op::Put(KeptSet { members: Arc::new(members), until }) })
        };
        self.sets.entry(key).and_compute_with(remove).await;
        Ok(())
    }

    async fn check(&self) -> Result<(), CacheError> {
        Ok(())
    }
}

struct Redis(ConnectionManager);

impl Redis {
    /// Connects, and asks whether we may ask: a password that is missing shows only then.
    async fn open(client: redis::Client) -> Result<Self, RedisError> {
        // One more attempt, and pauses between attempts however many ask. A caller that comes after a failure connects again.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let redis = Self(ConnectionManager::new_with_config(client, config).await?);
        redis.ping().await?;
        Ok(redis)
    }

    async fn ping(&self) -> Result<(), RedisError> {
        self.ask::<String>(&redis::cmd("PING")).await.map(drop)
    }

    /// Asks, and once more where the connection was lost: that shows only when something is asked, and then there is a new one.
    /// Only for what may be done twice.
    async fn ask<T: FromRedisValue>(&self, question: &Cmd) -> Result<T, RedisError> {
        match question.query_async(&mut self.0.clone()).await {
            Err(lost) if lost.is_connection_dropped() => question.query_async(&mut self.0.clone()).await,
            answer => answer,
        }
    }
}

fn milliseconds(keep: Duration) -> u64 {
    u64::try_from(keep.as_millis()).unwrap_or(u64::MAX).max(1)
}

fn server_of(client: &redis::Client) -> String {
    client.get_connection_info().addr().to_string()
}

/// Of a connection that was not to be had: a certificate that is not trusted does not become so by waiting.
pub(crate) fn refused(client: &redis::Client, error: RedisError) -> CacheError {
    match runtime::tls::complaint(&error, CA_FILE) {
        Some(complaint) => CacheError::Unusable { server: server_of(client), complaint },
        None => CacheError::Unavailable(error),
    }
}

/// Why Redis is of no use at the start, for the operator who wrote its address.
fn complaint(error: &RedisError) -> String {
    // RESP2 tells the first of the two by its own kind, the server the second by its code.
    if let Some(complaint) = runtime::tls::complaint(error, CA_FILE) {
        return complaint;
    }
    let is_refused = error.kind() == ErrorKind::AuthenticationFailed || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"));
    if is_refused { "refuses the user or the password given there".to_owned() } else { format!("does not answer: {error}") }
}

#[async_trait]
impl Backend for Redis {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(self.ask(&Cmd::get(key)).await?)
    }

    async fn put(&self, key: String, value: Vec<u8>, keep: Duration) -> Result<(), CacheError> {
        Ok(self.ask(&Cmd::pset_ex(key, value, milliseconds(keep))).await?)
    }

    async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        // Asked once: the answer that was lost may have been the value.
        Ok(self.0.clone().get_del(key).await?)
    }

    async fn add(&self, key: String, member: &str, keep: Duration) -> Result<bool, CacheError> {
        let milliseconds = milliseconds(keep);
        // NX for a set that is new, GT for one that would be kept shorter (Redis 7). Asked once: a second answer would not say who was first.
        let (is_new,): (bool,) = redis::pipe()
            .atomic()
            .sadd(&key, member)
            .cmd("PEXPIRE")
            .arg(&key)
            .arg(milliseconds)
            .arg("NX")
            .ignore()
            .cmd("PEXPIRE")
            .arg(&key)
            .arg(milliseconds)
            .arg("GT")
            .ignore()
            .query_async(&mut self.0.clone())
            .await?;
        Ok(is_new)
    }

    async fn members(&self, key: &str) -> Result<BTreeSet<String>, CacheError> {
        Ok(self.ask(&Cmd::smembers(key)).await?)
    }

    async fn remove_member(&self, key: String, member: &str) -> Result<(), CacheError> {
        Ok(self.ask(&Cmd::srem(key, member)).await?)
    }

    async fn check(&self) -> Result<(), CacheError> {
        Ok(self.ping().await?)
    }
}
