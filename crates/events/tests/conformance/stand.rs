//! A log of each kind to check promises on, empty and undisturbed by other tests.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use rdkafka::mocking::MockCluster;
use schildwacht_events::{Delivered, EmbeddedConfig, EmbeddedLog, KafkaConfig, KafkaLog, Record, SharedLog, Subscription, Tail, Topic};
use tempfile::TempDir;

/// Long enough for a slow machine; a broken promise shows as this running out.
pub use testkit::PATIENCE;
const BROKER: &str = testkit::servers::kafka::SERVER.variable;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Embedded,
    Mock,
    Broker,
}

/// A log, and what only tests know of it.
pub struct Stand {
    pub log: SharedLog,
    pub embedded: Option<Arc<EmbeddedLog>>,
    /// Of Kafka's topics and groups.
    pub prefix: String,
    _folder: Option<TempDir>,
}

impl Stand {
    /// A log with the topics for tests; `None` after saying why there is none.
    pub async fn open(kind: Kind) -> Option<Self> {
        Self::open_with_bound(kind, 16 * 1024 * 1024).await
    }

    pub async fn open_with_bound(kind: Kind, max_unacknowledged_bytes: usize) -> Option<Self> {
        let stand = match kind {
            Kind::Embedded => {
                let folder = TempDir::new().unwrap();
                let config = EmbeddedConfig { max_unacknowledged_bytes, ..EmbeddedConfig::new(folder.path().join("log")) };
                let log = EmbeddedLog::open(config).unwrap();
                Self { log: Arc::clone(&log) as SharedLog, embedded: Some(log), prefix: String::new(), _folder: Some(folder) }
            }
            Kind::Mock => {
                let config = KafkaConfig { create_topics: false, ..KafkaConfig::new(mock().brokers.clone()) };
                let stand = Self::kafka(config, max_unacknowledged_bytes);
                Topic::TEST.iter().for_each(|topic| mock().create_topic(format!("{}{topic}", stand.prefix), topic.spec().partitions));
                stand
            }
            Kind::Broker => {
                let Ok(brokers) = std::env::var(BROKER) else {
                    testkit::skip(&format!("set {BROKER} to a broker's address, as in 127.0.0.1:9092"));
                    return None;
                };
                let config = KafkaConfig { replication_factor: 1, ..KafkaConfig::new(brokers) };
                Self::kafka(config, max_unacknowledged_bytes)
            }
        };
        stand.log.ensure_topics(&Topic::TEST).await.unwrap();
        Some(stand)
    }

    fn kafka(config: KafkaConfig, max_unacknowledged_bytes: usize) -> Self {
        static STANDS: AtomicU32 = AtomicU32::new(0);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let prefix = format!("test-{}-{}.", since.as_micros(), STANDS.fetch_add(1, Ordering::Relaxed));
        let config = KafkaConfig { max_unacknowledged_bytes, prefix: prefix.clone(), ..config };
        Self { log: KafkaLog::open(config).unwrap(), embedded: None, prefix, _folder: None }
    }
}

/// The mock cluster of this process, on a thread of its own: it cannot be sent to others.
struct Mock {
    brokers: String,
    topics: Mutex<SyncSender<(String, i32, SyncSender<()>)>>,
}

impl Mock {
    /// Its brokers do not know the request that makes topics.
    fn create_topic(&self, name: String, partitions: i32) {
        let (done, is_done) = sync_channel(1);
        self.topics.lock().unwrap().send((name, partitions, done)).unwrap();
        is_done.recv().unwrap();
    }
}

fn mock() -> &'static Mock {
    static MOCK: OnceLock<Mock> = OnceLock::new();
    MOCK.get_or_init(|| {
        let (topics, wanted) = sync_channel::<(String, i32, SyncSender<()>)>(0);
        let (started, brokers) = sync_channel(1);
        std::thread::spawn(move || {
            let cluster = MockCluster::new(3).unwrap();
            started.send(cluster.bootstrap_servers()).unwrap();
            for (name, partitions, done) in wanted {
                cluster.create_topic(&name, partitions, 3).unwrap();
                done.send(()).unwrap();
            }
        });
        Mock { brokers: brokers.recv().unwrap(), topics: Mutex::new(topics) }
    })
}

pub fn record(key: &str, value: &str) -> Record {
    Record { key: Bytes::copy_from_slice(key.as_bytes()), headers: vec![], value: Some(Bytes::copy_from_slice(value.as_bytes())) }
}

/// Records whose values are `0`, `1`, … with keys that fall on all partitions.
pub fn numbered(count: usize) -> Vec<Record> {
    (0..count).map(|number| record(&format!("key-{}", number % 40), &number.to_string())).collect()
}

pub fn number(delivered: &Delivered) -> usize {
    value(delivered).parse().unwrap()
}

pub fn value(delivered: &Delivered) -> String {
    String::from_utf8(delivered.record.value.clone().unwrap().to_vec()).unwrap()
}

pub fn sorted_numbers(records: &[Delivered]) -> Vec<usize> {
    let mut numbers: Vec<_> = records.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// Receives until there are so many, and a little longer to see that there are no more.
pub async fn receive(subscription: &mut dyn Subscription, count: usize) -> Vec<Delivered> {
    let deadline = Instant::now() + PATIENCE;
    let mut records = Vec::new();
    while records.len() < count {
        assert!(Instant::now() < deadline, "only {} of {count} records came", records.len());
        records.extend(subscription.next(100, Duration::from_millis(500)).await.unwrap());
    }
    let more = subscription.next(100, Duration::from_millis(200)).await.unwrap();
    assert_eq!(more, [], "more than the {count} records came");
    records
}

/// Receives until the tail has caught up.
pub async fn catch_up(tail: &mut dyn Tail) -> Vec<Delivered> {
    let deadline = Instant::now() + PATIENCE;
    let mut records = Vec::new();
    while !tail.caught_up() {
        assert!(Instant::now() < deadline, "the tail does not catch up after {} records", records.len());
        records.extend(tail.next(100, Duration::from_millis(200)).await.unwrap());
    }
    records
}

pub fn all_done(records: &[Delivered]) -> Vec<schildwacht_events::Position> {
    records.iter().map(|record| record.position).collect()
}
