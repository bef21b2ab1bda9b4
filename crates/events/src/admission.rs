//! The bound on what is under way to the log, in bytes. Both logs answer `Busy` from here instead of letting a queue grow.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::{
    log::{LogError, Record},
    topic::Topic,
};

/// What a record takes on its way besides its own bytes.
const RECORD_OVERHEAD: usize = 128;

/// Bytes for which the records count, or which of them is too large for the topic.
pub(crate) fn weigh(topic: Topic, records: &[Record]) -> Result<usize, LogError> {
    let limit = topic.spec().max_record_bytes;
    match records.iter().find(|record| record.size() > limit) {
        Some(record) => Err(LogError::TooLarge { topic, size: record.size(), limit }),
        None => Ok(records.iter().map(|record| record.size() + RECORD_OVERHEAD).sum()),
    }
}

/// Counts the bytes that are handed in and not yet acknowledged.
#[derive(Debug)]
pub(crate) struct Admission {
    limit: usize,
    under_way: Arc<AtomicUsize>,
}

/// Room for some bytes, given back when dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    bytes: usize,
    under_way: Arc<AtomicUsize>,
}

impl Admission {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, under_way: Arc::default() }
    }

    /// Takes room for the bytes or answers `Busy` at once. What is alone is always admitted, however large: waiting would not help it.
    pub(crate) fn admit(&self, bytes: usize) -> Result<Admitted, LogError> {
        let before = self.under_way.fetch_add(bytes, Ordering::AcqRel);
        let admitted = Admitted { bytes, under_way: Arc::clone(&self.under_way) };
        let too_much = before > 0 && before.saturating_add(bytes) > self.limit;
        // Dropping what was taken gives it back.
        if too_much { Err(LogError::Busy) } else { Ok(admitted) }
    }

    /// The bytes under way, for metrics.
    pub(crate) fn observer(&self) -> impl Fn() -> usize + Send + Sync + 'static {
        let under_way = Arc::clone(&self.under_way);
        move || under_way.load(Ordering::Acquire)
    }

    /// Bytes under way.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Acquire)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.under_way.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_beyond_the_limit_wait_for_those_before_them() {
        let admission = Admission::new(100);
        let first = admission.admit(60).unwrap();
        assert!(matches!(admission.admit(41), Err(LogError::Busy)));
        let second = admission.admit(40).unwrap();
        drop(first);
        assert_eq!(admission.under_way(), 40);
        let third = admission.admit(60).unwrap();
        drop((second, third));
        assert_eq!(admission.under_way(), 0);
    }

    #[test]
    fn a_lone_giant_is_admitted() {
        let admission = Admission::new(100);
        let giant = admission.admit(1_000).unwrap();
        assert!(matches!(admission.admit(1), Err(LogError::Busy)));
        drop(giant);
        assert!(admission.admit(1).is_ok());
    }
}
