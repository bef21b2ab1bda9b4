//! Making and checking topics.

use std::time::{Duration, Instant};

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    config::FromClientConfig,
    error::{KafkaError, RDKafkaErrorCode},
};
use tracing::{info, warn};

use super::{
    complaints::unavailable,
    config::{KafkaConfig, MAX_BATCH_BYTES},
};
use crate::{
    log::LogError,
    topic::{Cleanup, SEGMENTS_AN_AGE, Topic},
};

const ADMIN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long brokers may take to tell each other of a new topic.
const VISIBLE_WITHIN: Duration = Duration::from_secs(15);

/// Brokers drop and compact closed segments only; by default they close a quiet one after a week.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes missing topics, where configured, and checks that all are there.
pub(super) async fn ensure(config: &KafkaConfig, topics: &[Topic]) -> Result<(), LogError> {
    let admin = AdminClient::<DefaultClientContext>::from_config(&config.client()).map_err(|error| unavailable("manage topics", &error))?;
    if config.create_topics {
        create(&admin, config, topics).await?;
    }
    let (config, topics) = (config.clone(), topics.to_vec());
    let checking = tokio::task::spawn_blocking(move || topics.into_iter().try_for_each(|topic| await_visible(&admin, &config, topic)));
    checking.await.map_err(|error| LogError::Unavailable { reason: format!("checking topics broke off: {error}") })?
}

async fn create(admin: &AdminClient<DefaultClientContext>, config: &KafkaConfig, topics: &[Topic]) -> Result<(), LogError> {
    let wanted: Vec<_> = topics.iter().map(|topic| (config.names().topic(*topic), *topic, settings(config, *topic))).collect();
    let new = wanted.iter().map(|(name, topic, settings)| {
        let new = NewTopic::new(name, config.partitions(*topic), TopicReplication::Fixed(config.replication_factor));
        settings.iter().fold(new, |new, (key, value)| new.set(key, value))
    });
    let new: Vec<_> = new.collect();
    let options = AdminOptions::new().operation_timeout(Some(ADMIN_TIMEOUT)).request_timeout(Some(ADMIN_TIMEOUT));
    let outcomes = admin.create_topics(&new, &options).await.map_err(|error| unavailable("make topics", &error))?;
    for outcome in outcomes {
        match outcome {
            Ok(topic) => info!(name: "event_log.topic_made", topic, "made a topic"),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(LogError::Unavailable { reason: format!("cannot make topic {topic}: {code}") }),
        }
    }
    Ok(())
}

fn settings(config: &KafkaConfig, topic: Topic) -> Vec<(&'static str, String)> {
    let mut settings = vec![("max.message.bytes", MAX_BATCH_BYTES.to_string())];
    match topic.spec().cleanup {
        Cleanup::Compact => settings.extend([
            ("cleanup.policy", "compact".to_owned()),
            ("segment.ms", DAY.as_millis().to_string()),
            ("max.compaction.lag.ms", DAY.as_millis().to_string()),
        ]),
        Cleanup::Retain { age, max_bytes } => settings.extend([
            ("cleanup.policy", "delete".to_owned()),
            ("segment.ms", (age / SEGMENTS_AN_AGE).as_millis().to_string()),
            ("retention.ms", age.as_millis().to_string()),
            ("retention.bytes", max_bytes.to_string()),
        ]),
    }
    if config.replication_factor >= 3 {
        settings.push(("min.insync.replicas", "2".to_owned()));
    }
    settings
}

fn await_visible(admin: &AdminClient<DefaultClientContext>, config: &KafkaConfig, topic: Topic) -> Result<(), LogError> {
    let name = config.names().topic(topic);
    let deadline = Instant::now() + VISIBLE_WITHIN;
    loop {
        match partitions(admin, &name) {
            Ok(partitions) => {
                let planned = config.partitions(topic);
                if usize::try_from(planned) != Ok(partitions) {
                    warn!(name: "event_log.partitions_differ", topic = name, partitions, planned, "topic has another number of partitions than planned");
                }
                return Ok(());
            }
            Err(error) if Instant::now() >= deadline => {
                let reason = format!("topic {name} is not there: {error}; make it or set kafka.create_topics");
                return Err(LogError::Unavailable { reason });
            }
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// The number of the topic's partitions, all of which have a leader.
fn partitions(admin: &AdminClient<DefaultClientContext>, name: &str) -> Result<usize, KafkaError> {
    let missing = || KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition);
    let metadata = admin.inner().fetch_metadata(Some(name), Duration::from_secs(5))?;
    let topic = metadata.topics().iter().find(|topic| topic.name() == name && topic.error().is_none()).ok_or_else(missing)?;
    let all_led = topic.partitions().iter().all(|partition| partition.leader() >= 0);
    if all_led && !topic.partitions().is_empty() { Ok(topic.partitions().len()) } else { Err(missing()) }
}
