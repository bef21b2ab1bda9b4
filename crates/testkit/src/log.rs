//! An event log of its own for each test, in the mode of the test's database.

use std::sync::Arc;

use events::{EmbeddedConfig, EmbeddedLog, KafkaConfig, KafkaLog, SharedLog, Topic};
use runtime::{Clock, EventId, Ids};
use tempfile::TempDir;

use crate::{Store, TestDatabase};

/// Enough partitions that order across them is not guaranteed.
const PARTITIONS: i32 = 3;

/// An empty log that lives as long as its test.
pub struct TestLog {
    log: SharedLog,
    // Holds the embedded log; removed when the test ends. Kafka's topics go with the throw-away broker.
    _folder: Option<TempDir>,
}

impl TestLog {
    /// Embedded beside SQLite, Kafka beside PostgreSQL; with these topics, which no other test sees.
    pub async fn beside(database: &TestDatabase, topics: &[Topic]) -> Self {
        Self::of(database.store(), topics).await
    }

    /// The log of a mode, for a service without a database.
    pub async fn of(store: Store, topics: &[Topic]) -> Self {
        let kafka = std::env::var(servers::kafka::SERVER.variable).ok().filter(|_| store == Store::Postgres);
        let (log, folder) = match kafka {
            Some(brokers) => (Self::on_kafka(brokers), None),
            None => {
                let folder = TempDir::new().expect("a temporary folder");
                let log = EmbeddedLog::open(EmbeddedConfig::new(folder.path().join("log"))).expect("an embedded log");
                (log as SharedLog, Some(folder))
            }
        };
        log.ensure_topics(topics).await.expect("topics");
        Self { log, _folder: folder }
    }

    fn on_kafka(brokers: String) -> SharedLog {
        let name = Ids::random(Clock::system()).next::<EventId>();
        let config = KafkaConfig {
            prefix: format!("test-{name}."),
            replication_factor: 1,
            max_partitions: Some(PARTITIONS),
            ..KafkaConfig::new(brokers)
        };
        let log: Arc<KafkaLog> = KafkaLog::open(config).expect("a log in Kafka");
        log
    }

    /// For a service.
    pub fn share(&self) -> SharedLog {
        Arc::clone(&self.log)
    }
}

impl std::ops::Deref for TestLog {
    type Target = SharedLog;

    fn deref(&self) -> &SharedLog {
        &self.log
    }
}
