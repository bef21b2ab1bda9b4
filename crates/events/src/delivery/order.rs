//! In which order records of one partition are processed, and how far the group may commit.
//!
//! Order is promised within a key, and keys are schools. So a school that sent much does not stand before one that sent little: of what was
//! received together, schools come by how much there is of them, the least first. The group commits up to the first record that is not done;
//! what is done beyond it is in the inbox, which drops it if it comes again.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use crate::{Delivered, Position};

/// What one record costs beside its bytes.
const RECORD_COST: usize = 1_024;

/// Places in `window`, in the order in which the records are to be processed.
pub(super) fn fairly(window: &[Delivered]) -> Vec<usize> {
    let mut costs: HashMap<&Bytes, (usize, usize)> = HashMap::new();
    for (place, delivered) in window.iter().enumerate() {
        let (cost, _first) = costs.entry(&delivered.record.key).or_insert((0, place));
        *cost += RECORD_COST + delivered.record.size();
    }
    let mut places: Vec<usize> = (0..window.len()).collect();
    // The sort is stable, so that records of a key stay in order.
    places.sort_by_key(|place| window.get(*place).and_then(|delivered| costs.get(&delivered.record.key)));
    places
}

/// Puts records of suspects after all others, and answers how many those are.
pub(super) fn suspects_last(places: &mut [usize], window: &[Delivered], suspects: &HashSet<Bytes>) -> usize {
    let is_suspect = |place: &usize| window.get(*place).is_some_and(|delivered| suspects.contains(&delivered.record.key));
    if !suspects.is_empty() {
        places.sort_by_key(is_suspect);
    }
    places.iter().take_while(|place| !is_suspect(place)).count()
}

/// The last of the records before which everything is done.
pub(super) fn done_up_to(window: &[Delivered], done: &[bool]) -> Option<Position> {
    let prefix = window.iter().zip(done).take_while(|(_, done)| **done);
    prefix.last().map(|(delivered, _)| delivered.position)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{Record, Topic};

    fn window(records: &[(&'static str, usize)]) -> Vec<Delivered> {
        let delivered = |(offset, (key, bytes)): (i64, &(&'static str, usize))| Delivered {
            position: Position { topic: Topic::TestPlain, partition: 3, offset },
            time: DateTime::UNIX_EPOCH,
            record: Record { key: Bytes::from_static(key.as_bytes()), headers: Vec::new(), value: Some(vec![0; *bytes].into()) },
        };
        (7..).zip(records).map(delivered).collect()
    }

    #[test]
    fn a_school_that_sent_much_comes_last_and_each_keeps_its_order() {
        let window = window(&[("hot", 50_000), ("calm", 10), ("hot", 10), ("quiet", 1), ("calm", 10), ("hot", 10)]);
        assert_eq!(fairly(&window), [3, 1, 4, 0, 2, 5]);
    }

    #[test]
    fn equal_schools_come_as_they_were_received() {
        assert_eq!(fairly(&window(&[("b", 10), ("a", 10), ("b", 10), ("a", 10)])), [0, 2, 1, 3]);
    }

    #[test]
    fn suspects_come_last_and_each_keeps_its_order() {
        let window = window(&[("slow", 1), ("calm", 10), ("slow", 1), ("calm", 10)]);
        let mut places = fairly(&window);
        assert_eq!(suspects_last(&mut places, &window, &HashSet::new()), 4);
        assert_eq!(places, [0, 2, 1, 3]);
        assert_eq!(suspects_last(&mut places, &window, &[Bytes::from_static(b"slow")].into()), 2);
        assert_eq!(places, [1, 3, 0, 2]);
    }

    #[test]
    fn the_group_commits_up_to_the_first_that_is_not_done() {
        let window = window(&[("a", 1), ("b", 1), ("c", 1)]);
        let committed = |done: [bool; 3]| done_up_to(&window, &done).map(|position| position.offset);
        assert_eq!(committed([true, false, true]), Some(7));
        assert_eq!(committed([true; 3]), Some(9));
        assert_eq!(committed([false, true, true]), None);
    }
}
