//! On Kafka: librdkafka's mock cluster, with all copies acknowledged.

use events::{KafkaConfig, KafkaLog};
use http::StatusCode;
use prost::Message as _;
use rdkafka::mocking::MockCluster;

use crate::{
    gate::{Gate, config},
    sample::{event, events_of, request},
};

#[tokio::test(flavor = "multi_thread")]
async fn batches_reach_kafka_in_order() {
    let cluster = MockCluster::new(1).unwrap();
    for topic in [events::Topic::Gateway, events::Topic::TelemetryBatch] {
        cluster.create_topic(topic.spec().name, topic.spec().partitions, 1).unwrap();
    }
    let kafka = KafkaConfig { replication_factor: 1, create_topics: false, ..KafkaConfig::new(cluster.bootstrap_servers()) };
    let log = KafkaLog::open(kafka).unwrap();
    let gate = Gate::open_on(config(), log, tempfile::tempdir().unwrap()).await;
    assert_eq!(gate.post("/v1/logs", "application/x-protobuf", None, request(3_000).encode_to_vec()).await.status(), StatusCode::OK);
    let stored = gate.stored().await;
    assert!(stored.len() > 1);
    let seen: Vec<String> = stored.iter().flat_map(events_of).collect();
    assert_eq!(seen, (0..3_000).map(event).collect::<Vec<_>>());
}
