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
    /// The offset that comes next.
    next: HashMap<Place, i64>,
    /// The first offset that came, until it is compared with the committed one.
    first: HashMap<Place, i64>,
}

impl Gaps {
    /// A partition was revoked: if it comes back, others may have read on.
    pub(super) fn forget(&mut self, place: Place) {
        self.next.remove(&place);
        self.first.remove(&place);
    }

    /// Reading begins again at what is committed.
    pub(super) fn rewind(&mut self) {
        self.next.clear();
        self.first.clear();
    }

    /// Follows what is delivered; the holes in it.
    pub(super) fn follow(&mut self, records: &[Delivered]) -> Vec<Skipped> {
        let mut skipped = Vec::new();
        for Position { topic, partition, offset } in records.iter().map(|record| record.position) {
            // Compaction makes holes where nothing is missing.
            if topic.spec().cleanup == Cleanup::Compact {
                continue;
            }
            let place = (topic, partition);
            match self.next.insert(place, offset + 1) {
                None => {
                    self.first.insert(place, offset);
                }
                Some(from) if from < offset => skipped.push(Skipped { topic, partition, from, to: offset }),
                Some(_) => {}
            }
        }
        skipped
    }

    /// The first offsets that are to be compared with what is committed, before that is overwritten.
    pub(super) fn to_compare(&self) -> Vec<(Place, i64)> {
        self.first.iter().map(|(place, offset)| (*place, *offset)).collect()
    }

    /// These have been compared.
    pub(super) fn compared(&mut self, places: &[(Place, i64)]) {
        for (place, _) in places {
            self.first.remove(place);
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
        assert_eq!(gaps.follow(&[delivered(Topic::TestPlain, 0, 80), delivered(Topic::TestCompacted, 0, 80)]), []);
        assert_eq!(gaps.to_compare(), [((Topic::TestPlain, 0), 80)]);
        gaps.rewind();
        assert_eq!(gaps.follow(&[delivered(Topic::TestPlain, 0, 5)]), []);
    }
}
