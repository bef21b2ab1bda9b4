//! Consumer groups: who reads which partition, and how far each group is.
//!
//! Committed offsets are records of a compacted partition of the log's own, written but not flushed: a killed process loses
//! none of them, and a power cut at most repeats deliveries, which every consumer must bear anyway.
//!
//! A group *lives* at a topic while a member reads it there, and for some time after it was last seen: it joined, committed or left. What a
//! living group has not committed is kept (see `retention`). So joining notes where the group begins, and maintenance notes a living group
//! again now and then: a restart knows both from the records of offsets and their times.
//!
//! Sharing out is cooperative. A partition that is to move is given up by its holder when it asks for more, that is, when it has
//! finished what it was given, and only then taken by the next. So two members never work on one key at the same time.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::sync::Notify;
use tracing::warn;

use super::{
    cursor::Cursor,
    disk::WriteFailure,
    frame::{self, before, micros},
    lock::lock,
    partition::Partition,
    topics::TopicLog,
};
use crate::{
    log::{LogError, Position, Record},
    topic::Topic,
};

/// Header of a committed offset that an expired group did not commit itself: when it was last seen, in µs since 1970.
const SEEN: &str = "seen";

/// Names a member within its group.
pub(super) type MemberId = u64;

/// A group that has yet to read records of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub group: String,
    /// The offset that it reads next.
    pub committed: i64,
}

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
    /// When it last joined, committed or left, in µs since 1970.
    seen: HashMap<Topic, i64>,
    /// When that was last noted on disk.
    noted: HashMap<Topic, i64>,
    /// Where records were dropped unread since it was last seen.
    passed: HashSet<(Topic, i32)>,
    /// Topics that it had expired at before the process started, and was not seen at since: a restart does not bring it back to life.
    expired: HashSet<Topic>,
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
        while let Some((head, bytes)) = cursor.next()? {
            let record = frame::record(&bytes);
            let Some((group, topic, partition, committed)) = record.as_ref().and_then(decode) else {
                warn!(name: "event_log.strange_offset", "committed offset of an unknown topic, leaving it alone");
                continue;
            };
            let group = groups.entry(group).or_default();
            group.committed.insert((topic, partition), committed);
            let expired = record.as_ref().and_then(|record| record.header(SEEN)?.parse().ok());
            // What was noted last decides: who was seen after that committed again.
            if expired.is_some() {
                group.expired.insert(topic)
            } else {
                group.expired.remove(&topic)
            };
            group.note(topic, expired.unwrap_or(head.time_micros));
        }
        Ok(Self { offsets, groups: Mutex::new(groups) })
    }

    /// Where the offsets are kept.
    pub(super) fn partition(&self) -> &Partition {
        &self.offsets
    }

    /// Adds a member, notes where the group begins, and rebalances the partitions. Blocks.
    pub(super) fn join(&self, name: &str, logs: &[Arc<TopicLog>], bell: Arc<Notify>) -> MemberId {
        let mut groups = lock(&self.groups);
        let group = groups.entry(name.to_owned()).or_default();
        let now_micros = micros(SystemTime::now());
        for log in logs {
            for (number, partition) in (0..).zip(&log.partitions) {
                group.committed.entry((log.topic, number)).or_insert_with(|| partition.start());
            }
            group.see(log.topic, now_micros);
            if let Err(failure) = self.write_down(name, group, log.topic, now_micros) {
                // A full disk must not keep the reader away that makes room. While it is a member it is not forgotten.
                warn!(name: "event_log.group_not_noted", group = name, error = %LogError::from(failure), "a restart will not know of this group");
            }
        }
        let topics = logs.iter().map(|log| (log.topic, log.partitions.len())).collect();
        group.joined += 1;
        group.members.insert(group.joined, Member { topics, bell });
        group.share_out();
        group.joined
    }

    /// Removes a member; what it held is free.
    pub(super) fn leave(&self, group: &str, member: MemberId) {
        let mut groups = lock(&self.groups);
        let Some(group) = groups.get_mut(group) else { return };
        let Some(Member { topics, .. }) = group.members.remove(&member) else { return };
        let now_micros = micros(SystemTime::now());
        topics.iter().for_each(|(topic, _)| group.see(*topic, now_micros));
        group.held.retain(|_, holder| *holder != member);
        group.share_out();
    }

    /// Gives up what the member is no longer to have, takes what is free for it, and answers what it gave up and all it holds.
    pub(super) fn take_turn(&self, group: &str, member: MemberId) -> (Vec<(Topic, i32)>, Vec<Held>) {
        let mut groups = lock(&self.groups);
        let Some(group) = groups.get_mut(group) else { return (Vec::new(), Vec::new()) };
        let given_up: Vec<(Topic, i32)> = group
            .held
            .extract_if(.., |place, holder| *holder == member && group.wanted.get(place) != Some(&member))
            .map(|(place, _)| place)
            .collect();
        for place in &given_up {
            if let Some(next) = group.wanted.get(place).and_then(|next| group.members.get(next)) {
                next.bell.notify_one();
            }
        }
        for (place, _) in group.wanted.iter().filter(|(_, wanted)| **wanted == member) {
            group.held.entry(*place).or_insert(member);
        }
        let held = group.held.iter().filter(|(_, holder)| **holder == member);
        let held = held.map(|((topic, partition), _)| Held {
            topic: *topic,
            partition: *partition,
            committed: group.committed(*topic, *partition),
        });
        (given_up, held.collect())
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
        let now_micros = micros(SystemTime::now());
        self.offsets.write(records.iter(), now_micros)?;
        let mut groups = lock(&self.groups);
        let group = groups.entry(group_name.to_owned()).or_default();
        next.keys().for_each(|(topic, _)| group.note(*topic, now_micros));
        group.committed.extend(next);
        Ok(())
    }

    /// Lets go of the records of a partition before `end`, unless a living group has not read them all. Any other group that has not read them goes on
    /// from `end`; answers these groups, from where, and whether it is the first time since they were seen.
    ///
    /// # Errors
    /// The living group that is furthest behind; nothing was done.
    pub(super) fn pass(
        &self,
        topic: Topic,
        partition: i32,
        end: i64,
        living_since: i64,
        forget: impl FnOnce(),
    ) -> Result<Vec<(String, i64, bool)>, Holder> {
        let place = (topic, partition);
        // Held to the end, so that nobody joins at what is about to go.
        let mut groups = lock(&self.groups);
        let behind = groups.iter().filter(|(_, group)| group.lives(topic, living_since));
        let behind = behind.filter_map(|(name, group)| group.committed.get(&place).map(|committed| (*committed, name)));
        if let Some((committed, name)) = behind.min().filter(|(committed, _)| *committed < end) {
            return Err(Holder { group: name.clone(), committed });
        }

        forget();
        let (mut passed, mut records) = (Vec::new(), Vec::new());
        for (name, group) in groups.iter_mut() {
            let Some(committed) = group.committed.get_mut(&place).filter(|committed| **committed < end) else { continue };
            let from = std::mem::replace(committed, end);
            passed.push((name.clone(), from, group.passed.insert(place)));
            // Writing this down must not make it live again after a restart.
            let seen = group.seen.get(&topic).copied().unwrap_or_default();
            let headers = vec![(SEEN.to_owned(), Bytes::from(seen.to_string()))];
            records.push(Record { headers, ..encode(name, topic, partition, end) });
        }
        let written = if records.is_empty() { Ok(0) } else { self.offsets.write(records.iter(), micros(SystemTime::now())) };
        if let Err(failure) = written {
            // After a restart its reader notices that records are gone.
            warn!(name: "event_log.group_not_noted", error = %LogError::from(failure), "a restart will not know how far expired groups were passed");
        }
        Ok(passed)
    }

    /// The groups that live at a topic, and the offset that each reads next in each partition.
    pub(super) fn living(&self, topic: Topic, living_since: i64) -> Vec<(String, HashMap<i32, i64>)> {
        let groups = lock(&self.groups);
        let living = groups.iter().filter(|(_, group)| group.lives(topic, living_since));
        let committed =
            |group: &Group| group.committed.iter().filter(|((of, _), _)| *of == topic).map(|((_, at), offset)| (*at, *offset)).collect();
        living.map(|(name, group)| (name.clone(), committed(group))).collect()
    }

    /// Notes groups with members on disk again, where that was last done so long ago.
    pub(super) fn note_living(&self, now_micros: i64, after: Duration) {
        let mut groups = lock(&self.groups);
        for (name, group) in groups.iter_mut() {
            let topics: BTreeSet<Topic> = group.members.values().flat_map(|member| member.topics.iter().map(|(topic, _)| *topic)).collect();
            for topic in topics {
                let is_due = group.noted.get(&topic).is_none_or(|noted| *noted < before(now_micros, after));
                if is_due && let Err(failure) = self.write_down(name, group, topic, now_micros) {
                    warn!(name: "event_log.group_not_noted", group = name, error = %LogError::from(failure), "will be tried again");
                }
            }
        }
    }

    fn write_down(&self, name: &str, group: &mut Group, topic: Topic, now_micros: i64) -> Result<(), WriteFailure> {
        let of_topic = group.committed.iter().filter(|((of, _), _)| *of == topic);
        let records: Vec<Record> = of_topic.map(|((_, partition), offset)| encode(name, topic, *partition, *offset)).collect();
        self.offsets.write(records.iter(), now_micros)?;
        group.note(topic, now_micros);
        Ok(())
    }

    /// The offset from which the group goes on.
    pub(super) fn committed(&self, group: &str, topic: Topic, partition: i32) -> i64 {
        lock(&self.groups).get(group).map_or(0, |group| group.committed(topic, partition))
    }
}

impl Group {
    fn lives(&self, topic: Topic, living_since: i64) -> bool {
        let has_reader = self.members.values().any(|member| member.topics.iter().any(|(read, _)| *read == topic));
        let was_seen = self.seen.get(&topic).is_some_and(|seen| *seen >= living_since);
        has_reader || (was_seen && !self.expired.contains(&topic))
    }

    fn see(&mut self, topic: Topic, now_micros: i64) {
        let seen = self.seen.entry(topic).or_insert(now_micros);
        *seen = now_micros.max(*seen);
        self.passed.retain(|(of, _)| *of != topic);
    }

    /// Seen, and on disk.
    fn note(&mut self, topic: Topic, now_micros: i64) {
        self.see(topic, now_micros);
        self.noted.insert(topic, now_micros);
    }

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
