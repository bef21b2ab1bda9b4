//! Keeps the directory up to date from the log.

use std::{collections::BTreeSet, time::Duration};

use events::{Delivered, LogError, SharedLog, Tail, TailFrom, Topic};
use prost::Message as _;
use proto::identity::v1::{GatewayDirectoryEntry, GatewayState};
use runtime::{GatewayId, Shutdown};
use tokio::time::Instant;

use super::directory::{Change, Directory, State};

const AT_ONCE: usize = 1_000;
const WAIT: Duration = Duration::from_secs(1);
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// Follows the topic until shutdown. While the log is unavailable what is known stays, and what follows it goes on: beginning again needs every
/// partition of the topic, so that one without a leader would leave all gateways out, not those of that partition.
pub async fn follow(directory: &Directory, log: &SharedLog, shutdown: &Shutdown, began: Instant) {
    let mut topics_are_there = false;
    while let Some(Err(error)) = shutdown.or_stop(follow_once(directory, log, began, &mut topics_are_there)).await {
        say_that_it_fails(&error);
        if !shutdown.sleep(PAUSE_AFTER_ERROR).await {
            return;
        }
    }
}

fn say_that_it_fails(error: &LogError) {
    tracing::warn!(name: "directory.not_followed", error = %error, "directory of gateways not followed, will retry");
}

async fn follow_once(directory: &Directory, log: &SharedLog, began: Instant, topics_are_there: &mut bool) -> Result<(), LogError> {
    if !*topics_are_there {
        log.ensure_topics(&[Topic::Gateway, Topic::TelemetryBatch]).await?;
        *topics_are_there = true;
    }
    let mut tail = log.tail(Topic::Gateway, TailFrom::Start).await?;
    let mut gathered = Vec::new();
    while !tail.caught_up() {
        gathered.extend(tail.next(AT_ONCE, WAIT).await?.iter().filter_map(change));
    }
    directory.replace(gathered);
    directory.complete_as_of(complete_as_of(&*tail, began));
    tracing::info!(name: "directory.caught_up", gateways = directory.len(), "directory of gateways is up to date");
    let mut stale = BTreeSet::new();
    loop {
        let delivered = match tail.next(AT_ONCE, WAIT).await {
            // Kafka's client mends most of its troubles by itself, each partition for its own.
            Err(error @ LogError::Unavailable { .. }) => {
                say_that_it_fails(&error);
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                Vec::new()
            }
            other => other?,
        };
        delivered.iter().filter_map(change).for_each(|change| directory.apply(change));
        // Only now: what was delivered must count by then.
        directory.complete_as_of(complete_as_of(&*tail, began));
        stale = say_what_changed(&stale, directory.stale(began.elapsed()));
    }
}

/// By partition of the topic: as of when all was delivered.
fn complete_as_of(tail: &dyn Tail, began: Instant) -> Vec<Option<Duration>> {
    tail.complete_as_of().into_iter().map(|as_of| as_of.map(|as_of| as_of.saturating_duration_since(began))).collect()
}

/// Says once which partitions are out of date, and once when they no longer are.
fn say_what_changed(before: &BTreeSet<usize>, now: BTreeSet<usize>) -> BTreeSet<usize> {
    for partition in now.difference(before) {
        let topic = Topic::Gateway.spec().name;
        tracing::warn!(
            name: "directory.partition_stale", topic, partition,
            "a part of the directory of gateways is out of date, its gateways are told to retry; see that the partition has a leader"
        );
    }
    for partition in before.difference(&now) {
        tracing::info!(name: "directory.partition_fresh", partition, "a part of the directory of gateways is up to date again");
    }
    now
}

/// What a record says; `None` when not even its key can be read.
fn change(delivered: &Delivered) -> Option<Change> {
    let id = std::str::from_utf8(&delivered.record.key).ok().and_then(|key| key.parse::<GatewayId>().ok());
    let Some(id) = id else {
        tracing::warn!(name: "directory.key_unreadable", offset = delivered.position.offset, "record without a gateway's id, skipped");
        return None;
    };
    let Some(value) = &delivered.record.value else { return Some(Change::Forget { id }) };
    let partition = usize::try_from(delivered.position.partition).unwrap_or_default();
    let change = entry(id, value, partition);
    if change.is_none() {
        tracing::warn!(name: "directory.entry_unreadable", gateway = %id, "entry of a gateway cannot be read, gateway closed");
    }
    Some(change.unwrap_or(Change::Forget { id }))
}

fn entry(id: GatewayId, value: &[u8], partition: usize) -> Option<Change> {
    let entry = GatewayDirectoryEntry::decode(value).ok()?;
    if entry.gateway_id.parse::<GatewayId>().ok()? != id {
        return None;
    }
    let state = match entry.state() {
        GatewayState::Active => State::Active,
        GatewayState::Revoked => State::Revoked,
        GatewayState::Unspecified => return None,
    };
    Some(Change::Set { id, school: entry.school_id.parse().ok()?, state, partition })
}

#[cfg(test)]
mod tests {
    use runtime::Ids;

    use super::*;

    #[test]
    fn an_entry_that_cannot_be_read_says_nothing() {
        let ids = Ids::counted();
        let (id, other): (GatewayId, GatewayId) = (ids.next(), ids.next());
        let good = GatewayDirectoryEntry { gateway_id: id.to_string(), school_id: other.to_string(), state: GatewayState::Active.into() };
        assert!(matches!(entry(id, &good.encode_to_vec(), 0), Some(Change::Set { state: State::Active, .. })));
        assert_eq!(entry(other, &good.encode_to_vec(), 0), None, "of another gateway");
        let of_no_school = GatewayDirectoryEntry { school_id: String::new(), ..good.clone() };
        assert_eq!(entry(id, &of_no_school.encode_to_vec(), 0), None);
        let of_a_later_version = GatewayDirectoryEntry { state: 7, ..good };
        assert_eq!(entry(id, &of_a_later_version.encode_to_vec(), 0), None);
        assert_eq!(entry(id, b"\xff", 0), None);
    }
}
