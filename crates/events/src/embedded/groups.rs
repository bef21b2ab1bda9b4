//! Consumer groups: who reads which partition, and how far each group is.
//!
//! Committed offsets are records of a compacted partition of the log's own, written but not flushed: a killed process loses
//! none of them, and a power cut at most repeats deliveries, which every consumer must bear anyway.
//!
//! Sharing out is cooperative. A partition that is to move is given up by its holder when it asks for more, that is, when it has
//! finished what it was given, and only then taken by the next. So two members never work on one key at the same time.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::SystemTime,
};

use bytes::Bytes;
use tokio::sync::Notify;
use tracing::warn;

use super::{
    cursor::Cursor,
    disk::WriteFailure,
    frame::{self, micros},
    lock::lock,
    partition::Partition,
};
use crate::{
    log::{LogError, Position, Record},
    topic::Topic,
};

/// Names a member within its group.
pub(super) type MemberId = u64;

/// A partition that a member holds, and where its group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub topic: Topic,
    pub partition: i32,
    /// The offset to go on from.
    pub committed: i64,
}

/// All groups of the log.
#[derive(Debug)]
pub(super) struct Groups {
    offsets: Arc<Partition>,
    groups: Mutex<HashMap<String, Group>>,
}

#[derive(Debug, Default)]
struct Group {
    committed: HashMap<(Topic, i32), i64>,
    members: BTreeMap<MemberId, Member>,
    joined: MemberId,
    /// Who is to have each partition.
    wanted: BTreeMap<(Topic, i32), MemberId>,
    /// Who has it.
    held: BTreeMap<(Topic, i32), MemberId>,
}

#[derive(Debug)]
struct Member {
    /// With their numbers of partitions.
    topics: Vec<(Topic, usize)>,
    bell: Arc<Notify>,
}

impl Groups {
    /// Reads the committed offsets.
    pub(super) fn load(offsets: Arc<Partition>) -> Result<Self, LogError> {
        let mut groups: HashMap<String, Group> = HashMap::new();
        let mut cursor = Cursor::new(Arc::clone(&offsets), 0);
        while let Some((_, bytes)) = cursor.next()? {
            let Some((group, topic, partition, committed)) = frame::record(&bytes).as_ref().and_then(decode) else {
                warn!(name: "event_log.strange_offset", "committed offset of an unknown topic, leaving it alone");
                continue;
            };
            groups.entry(group).or_default().committed.insert((topic, partition), committed);
        }
        Ok(Self { offsets, groups: Mutex::new(groups) })
    }

    /// Where the offsets are kept.
    pub(super) fn partition(&self) -> &Partition {
        &self.offsets
    }

    /// Adds a member and rebalances the partitions.
    pub(super) fn join(&self, group: &str, topics: Vec<(Topic, usize)>, bell: Arc<Notify>) -> MemberId {
        let mut groups = lock(&self.groups);
        let group = groups.entry(group.to_owned()).or_default();
        group.joined += 1;
        group.members.insert(group.joined, Member { topics, bell });
        group.share_out();
        group.joined
    }

    /// Removes a member; what it held is free.
    pub(super) fn leave(&self, group: &str, member: MemberId) {
        let mut groups = lock(&self.groups);
        let Some(group) = groups.get_mut(group) else { return };
        group.members.remove(&member);
        group.held.retain(|_, holder| *holder != member);
        group.share_out();
    }

    /// Gives up what the member is no longer to have, takes what is free for it, and answers all it holds.
    pub(super) fn take_turn(&self, group: &str, member: MemberId) -> Vec<Held> {
        let mut groups = lock(&self.groups);
        let Some(group) = groups.get_mut(group) else { return Vec::new() };
        let given_up = group.held.extract_if(.., |place, holder| *holder == member && group.wanted.get(place) != Some(&member));
        for (place, _) in given_up {
            if let Some(next) = group.wanted.get(&place).and_then(|next| group.members.get(next)) {
                next.bell.notify_one();
            }
        }
        for (place, _) in group.wanted.iter().filter(|(_, wanted)| **wanted == member) {
            group.held.entry(*place).or_insert(member);
        }
        let held = group.held.iter().filter(|(_, holder)| **holder == member);
        held.map(|((topic, partition), _)| Held { topic: *topic, partition: *partition, committed: group.committed(*topic, *partition) })
            .collect()
    }

    /// Stores that the member has done everything up to these positions, as far as it still holds their partitions. Blocks.
    pub(super) fn commit(&self, group_name: &str, member: MemberId, done: &[Position]) -> Result<(), WriteFailure> {
        let mut next: BTreeMap<(Topic, i32), i64> = BTreeMap::new();
        {
            let groups = lock(&self.groups);
            let Some(group) = groups.get(group_name) else { return Ok(()) };
            for position in done {
                let place = (position.topic, position.partition);
                let moves_on = position.offset >= group.committed(position.topic, position.partition);
                if moves_on && group.held.get(&place) == Some(&member) {
                    let offset = next.entry(place).or_default();
                    *offset = (*offset).max(position.offset + 1);
                }
            }
        }
        if next.is_empty() {
            return Ok(());
        }

        let records: Vec<Record> =
            next.iter().map(|((topic, partition), offset)| encode(group_name, *topic, *partition, *offset)).collect();
        self.offsets.write(records.iter(), micros(SystemTime::now()))?;
        let mut groups = lock(&self.groups);
        groups.entry(group_name.to_owned()).or_default().committed.extend(next);
        Ok(())
    }

    /// The offset from which the group goes on.
    pub(super) fn committed(&self, group: &str, topic: Topic, partition: i32) -> i64 {
        lock(&self.groups).get(group).map_or(0, |group| group.committed(topic, partition))
    }
}

impl Group {
    fn committed(&self, topic: Topic, partition: i32) -> i64 {
        self.committed.get(&(topic, partition)).copied().unwrap_or(0)
    }

    /// Deals each topic's partitions to the members that read it, in the order in which they joined.
    fn share_out(&mut self) {
        self.wanted.clear();
        let topics: BTreeMap<Topic, usize> = self.members.values().flat_map(|member| member.topics.iter().copied()).collect();
        for (topic, partitions) in topics {
            let reads_it = |member: &Member| member.topics.iter().any(|(read, _)| *read == topic);
            let readers = self.members.iter().filter(|(_, member)| reads_it(member)).map(|(id, _)| *id);
            let readers: Vec<MemberId> = readers.collect();
            let dealt = (0..partitions as i32).zip(readers.iter().cycle());
            self.wanted.extend(dealt.map(|(partition, reader)| ((topic, partition), *reader)));
        }
        self.members.values().for_each(|member| member.bell.notify_one());
    }
}

fn encode(group: &str, topic: Topic, partition: i32, offset: i64) -> Record {
    Record { key: Bytes::from(format!("{group}\0{topic}\0{partition}")), headers: Vec::new(), value: Some(Bytes::from(offset.to_string())) }
}

fn decode(record: &Record) -> Option<(String, Topic, i32, i64)> {
    let mut key = std::str::from_utf8(&record.key).ok()?.split('\0');
    let (group, topic, partition) = (key.next()?, key.next()?, key.next()?);
    let offset = std::str::from_utf8(record.value.as_ref()?).ok()?;
    Some((group.to_owned(), Topic::from_name(topic)?, partition.parse().ok()?, offset.parse().ok()?))
}
