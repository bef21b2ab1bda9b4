//! Notices records that the brokers deleted before the group read them.
//!
//! Retention in Kafka takes no notice of groups. A consumer whose next offset is gone is set to the oldest record that is left
//! (`auto.offset.reset`) without a word. Offsets of a topic with retention have no holes, since nothing here writes in transactions: so a record
//! whose offset is not the one after its predecessor's shows what was skipped, and the first one of a partition is compared with what the
//! group had committed.

use std::collections::HashMap;

use crate::{
    log::{Delivered, Position},
    meters::Skipped,
    topic::{Cleanup, Topic},
};

type Place = (Topic, i32);

/// Follows the offsets of the partitions that a member holds.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    followed: HashMap<Place, Followed>,
}

/// What was delivered of a partition since the member got it, or began to read it again.
#[derive(Debug)]
struct Followed {
    /// The first offset that came.
    first: i64,
    /// The offset that comes next.
    next: i64,
    /// Whether `first` is still to be compared with the committed one.
    is_to_compare: bool,
}

impl Gaps {
    /// A partition was revoked: if it comes back, others may have read on.
    pub(super) fn forget(&mut self, place: Place) {
        self.followed.remove(&place);
    }

    /// Reading begins again at what is committed.
    pub(super) fn rewind(&mut self) {
        self.followed.clear();
    }

    /// Follows what is delivered; the holes in it.
    pub(super) fn follow(&mut self, records: &[Delivered]) -> Vec<Skipped> {
        let mut skipped = Vec::new();
        for Position { topic, partition, offset } in records.iter().map(|record| record.position) {
            // Compaction makes holes where nothing is missing.
            let is_whole = topic.spec().cleanup != Cleanup::Compact;
            let new = Followed { first: offset, next: offset, is_to_compare: is_whole };
            let followed = self.followed.entry((topic, partition)).or_insert(new);
            if is_whole && followed.next < offset {
                skipped.push(Skipped { topic, partition, from: followed.next, to: offset });
            }
            followed.next = offset + 1;
        }
        skipped
    }

    /// Whether this was delivered, and its partition is the member's since.
    pub(super) fn has_delivered(&self, position: Position) -> bool {
        self.followed.get(&(position.topic, position.partition)).is_some_and(|followed| followed.first <= position.offset)
    }

    /// The first offsets that are to be compared with what is committed, before that is overwritten.
    pub(super) fn to_compare(&self) -> Vec<(Place, i64)> {
        let to_compare = self.followed.iter().filter(|(_, followed)| followed.is_to_compare);
        to_compare.map(|(place, followed)| (*place, followed.first)).collect()
    }

    /// These have been compared.
    pub(super) fn compared(&mut self, places: &[(Place, i64)]) {
        for (place, _) in places {
            if let Some(followed) = self.followed.get_mut(place) {
                followed.is_to_compare = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::log::Record;

    fn delivered(topic: Topic, partition: i32, offset: i64) -> Delivered {
        let record = Record { key: Default::default(), headers: vec![], value: None };
        Delivered { position: Position { topic, partition, offset }, time: DateTime::UNIX_EPOCH, record }
    }

    #[test]
    fn a_hole_is_noticed_in_each_partition_by_itself() {
        let mut gaps = Gaps::default();
        let places = [(0, 5), (1, 9), (0, 6), (1, 10)].map(|(partition, offset)| delivered(Topic::TestPlain, partition, offset));
        assert_eq!(gaps.follow(&places), []);
        let found = gaps.follow(&[delivered(Topic::TestPlain, 1, 14), delivered(Topic::TestPlain, 0, 7)]);
        assert_eq!(found, [Skipped { topic: Topic::TestPlain, partition: 1, from: 11, to: 14 }]);
        let mut first = gaps.to_compare();
        first.sort_unstable();
        assert_eq!(first, [((Topic::TestPlain, 0), 5), ((Topic::TestPlain, 1), 9)]);
        gaps.compared(&first[..1]);
        assert_eq!(gaps.to_compare(), first[1..]);
    }

    #[test]
    fn what_others_read_meanwhile_or_compaction_removed_is_no_hole() {
        let mut gaps = Gaps::default();
        gaps.follow(&[delivered(Topic::TestPlain, 0, 5), delivered(Topic::TestCompacted, 0, 5)]);
        gaps.forget((Topic::TestPlain, 0));
        let before = Position { topic: Topic::TestPlain, partition: 0, offset: 5 };
        assert!(!gaps.has_delivered(before));
        assert_eq!(gaps.follow(&[delivered(Topic::TestPlain, 0, 80), delivered(Topic::TestCompacted, 0, 80)]), []);
        assert_eq!(gaps.to_compare(), [((Topic::TestPlain, 0), 80)]);
        assert!(!gaps.has_delivered(before) && gaps.has_delivered(Position { offset: 80, ..before }));
        gaps.rewind();
        assert_eq!(gaps.follow(&[delivered(Topic::TestPlain, 0, 5)]), []);
    }
}
