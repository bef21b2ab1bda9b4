#![cfg(test)]
//! Checkpoints of audit trails in the event log.

use schildwacht_events::{CheckpointTopic, Topic};
use storage::audit::Anchor as _;
use testkit::{Store, TestLog};

async fn read(topic: &CheckpointTopic) -> Vec<String> {
    let mut notes = Vec::new();
    topic.read(&mut |note| notes.push(note.to_owned())).await.unwrap();
    notes
}

#[tokio::test]
async fn checkpoints_are_read_in_the_order_in_which_they_were_kept() {
    for store in [Store::Sqlite, Store::Postgres] {
        let log = TestLog::of(store, &[Topic::AuditCheckpoint]).await;
        let topic = CheckpointTopic(log.share());
        assert_eq!(read(&topic).await, [""; 0]);
        let notes: Vec<String> = (1..=250).map(|number| format!("schildwacht.be/audit/identity/{}\n{number}\n", number % 3)).collect();
        for note in &notes {
            topic.keep(note).await.unwrap();
        }
        assert_eq!(read(&topic).await, notes);
    }
}
