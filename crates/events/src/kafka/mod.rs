//! The event log in production: Apache Kafka through librdkafka.
//!
//! The producer is idempotent and waits for all in-sync copies; offsets are committed by hand after the effect. What is under way
//! is bounded in bytes before librdkafka's queue sees it, because its threads spin when that queue stays full.
//! Everything that waits for brokers runs off the async threads.
//!
//! TLS and SASL/SCRAM need the feature `kafka-tls`, which builds OpenSSL, and are configured through `properties`; see [`KafkaLog`].

mod complaints;
mod config;
mod consumer;
mod ends;
mod gaps;
mod names;
mod producer;
mod readers;
mod security;
mod topics;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
pub use config::KafkaConfig;
use rdkafka::{config::FromClientConfigAndContext, consumer::BaseConsumer, util::Timeout};
use tracing::{error, info};

use self::{
    complaints::unavailable,
    consumer::Rebalances,
    producer::Appender,
    readers::{KafkaSubscription, KafkaTail},
};
use crate::{
    admission::{Admission, weigh},
    log::{EventLog, LogError, Position, Record, Subscription, Tail, TailFrom},
    meters::LogMeters,
    topic::Topic,
};

const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

/// The event log in Kafka.
///
/// These properties encrypt and sign in; a binary without the feature `kafka-tls` refuses them:
///
/// ```toml
/// [events.kafka.properties]
/// "security.protocol" = "SASL_SSL"
/// "sasl.mechanism" = "SCRAM-SHA-512"
/// "sasl.username" = "schildwacht"
/// "sasl.password" = { file = "/run/secrets/kafka" }
/// "ssl.ca.location" = "/etc/schildwacht/kafka-ca.pem"   # PEM; without it, the authorities that this machine trusts
/// ```
///
/// The broker's certificate must be of the name (or address) that `brokers` says, and that the brokers advertise. A broker that
/// refuses the password, or that we do not trust, ends [`ensure_topics`](EventLog::ensure_topics) within seconds with
/// [`LogError::Unusable`], which says what to look at; so does [`check`](EventLog::check) when it happens later. Brokers that
/// are merely unavailable are waited for as long as for a delivery. One that hangs up, as brokers do that want TLS from a client without,
/// cannot be told from them, but the error says so.
pub struct KafkaLog {
    config: KafkaConfig,
    appender: Arc<Appender>,
    admission: Admission,
    meters: LogMeters,
    /// For looking at a group's offsets without joining it.
    observers: Mutex<HashMap<String, Arc<BaseConsumer<Rebalances>>>>,
    ensured: Mutex<Option<Topic>>,
    closed: AtomicBool,
}

impl KafkaLog {
    /// Starts the client. Does not wait for the brokers: they may come later.
    ///
    /// # Errors
    /// [`LogError::Unusable`] when the settings make no sense.
    pub fn open(config: KafkaConfig) -> Result<Arc<Self>, LogError> {
        config.validate()?;
        let appender = Arc::new(Appender::start(&config)?);
        info!(name: "event_log.opened", brokers = config.brokers, "kafka event log is open");
        let admission = Admission::new(config.max_unacknowledged_bytes);
        Ok(Arc::new(Self {
            meters: LogMeters::new(&admission),
            admission,
            config,
            appender,
            observers: Mutex::default(),
            ensured: Mutex::default(),
            closed: AtomicBool::new(false),
        }))
    }

    /// Bytes handed in and not yet acknowledged.
    pub fn unacknowledged_bytes(&self) -> usize {
        self.admission.under_way()
    }

    fn refuse_when_closed(&self) -> Result<(), LogError> {
        if self.closed.load(Ordering::Acquire) { Err(LogError::Closed) } else { Ok(()) }
    }

    async fn deliver(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        let admitted = self.admission.admit(weigh(topic, &records)?)?;
        self.appender.append(topic, &self.config.names().topic(topic), records, admitted).await
    }

    fn observer(&self, group: &str) -> Result<Arc<BaseConsumer<Rebalances>>, LogError> {
        let mut observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(observer) = observers.get(group) {
            return Ok(Arc::clone(observer));
        }
        let settings = self.config.consumer(&self.config.names().group(group));
        let observer = BaseConsumer::from_config_and_context(&settings, Rebalances::default());
        let observer = Arc::new(observer.map_err(|error| unavailable("read offsets", &error))?);
        observers.insert(group.to_owned(), Arc::clone(&observer));
        Ok(observer)
    }
}

#[async_trait]
impl EventLog for KafkaLog {
    async fn ensure_topics(&self, topics: &[Topic]) -> Result<(), LogError> {
        self.refuse_when_closed()?;
        let appender = Arc::clone(&self.appender);
        // The producer's client hears why it cannot connect; the one for topics only that time is over.
        let patience = Duration::from_secs(self.config.delivery_timeout_seconds);
        blocking(move || appender.await_brokers(patience)).await?;
        topics::ensure(&self.config, topics).await?;
        let mut ensured = self.ensured.lock().unwrap_or_else(PoisonError::into_inner);
        *ensured = topics.first().copied().or(*ensured);
        Ok(())
    }

    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        self.refuse_when_closed()?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let (count, bytes) = (records.len(), records.iter().map(Record::size).sum());
        let outcome = self.deliver(topic, records).await;
        self.meters.count(topic, count, bytes, &outcome);
        outcome
    }

    async fn subscribe(&self, group: &str, topics: &[Topic]) -> Result<Box<dyn Subscription>, LogError> {
        self.refuse_when_closed()?;
        Ok(Box::new(KafkaSubscription::join(&self.config, group, topics)?))
    }

    async fn tail(&self, topic: Topic, from: TailFrom) -> Result<Box<dyn Tail>, LogError> {
        self.refuse_when_closed()?;
        Ok(Box::new(KafkaTail::start(&self.config, topic, from).await?))
    }

    async fn lag(&self, group: &str, topics: &[Topic]) -> Result<u64, LogError> {
        self.refuse_when_closed()?;
        let observer = self.observer(group)?;
        let names: Vec<String> = topics.iter().map(|topic| self.config.names().topic(*topic)).collect();
        blocking(move || {
            // No other code reads this client's events, and they must not pile up.
            while observer.poll(Duration::ZERO).is_some() {}
            names.iter().try_fold(0, |lag, name| Ok(lag + readers::lag(&*observer, name)?))
        })
        .await
    }

    async fn check(&self) -> Result<(), LogError> {
        self.refuse_when_closed()?;
        let topic = *self.ensured.lock().unwrap_or_else(PoisonError::into_inner);
        let name = topic.map(|topic| self.config.names().topic(topic));
        let appender = Arc::clone(&self.appender);
        blocking(move || appender.check(name.as_deref(), Timeout::After(CHECK_TIMEOUT))).await
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let observers = std::mem::take(&mut *self.observers.lock().unwrap_or_else(PoisonError::into_inner));
        let appender = Arc::clone(&self.appender);
        let timeout = Timeout::After(Duration::from_secs(self.config.delivery_timeout_seconds));
        let flushed = blocking(move || {
            drop(observers);
            appender.flush(timeout)
        });
        if let Err(error) = flushed.await {
            error!(name: "event_log.close_failed", %error, "some records may not have reached the brokers");
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, LogError> + Send + 'static) -> Result<T, LogError> {
    let broke_off = |error| LogError::Unavailable { reason: format!("waiting for kafka broke off: {error}") };
    tokio::task::spawn_blocking(work).await.map_err(broke_off)?
}
