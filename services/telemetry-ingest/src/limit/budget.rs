//! The memory that requests under way may take together. Who finds none left is told to come back, and never waits.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Bytes for all requests together.
#[derive(Debug, Clone)]
pub struct Budget {
    limit: usize,
    taken: Arc<AtomicUsize>,
}

/// Some of the budget, given back when dropped.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    bytes: usize,
}

/// There is not enough left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted;

impl Budget {
    /// So many bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, taken: Arc::default() }
    }

    /// A share of nothing yet.
    pub fn share(&self) -> Share {
        Share { budget: self.clone(), bytes: 0 }
    }

    /// Bytes that are taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Relaxed)
    }
}

impl Share {
    /// Takes more.
    ///
    /// # Errors
    /// When the budget does not have it; the share stays as it was.
    pub fn grow(&mut self, by: usize) -> Result<(), Exhausted> {
        let within_limit = |taken: usize| taken.checked_add(by).filter(|total| *total <= self.budget.limit);
        self.budget.taken.fetch_update(Relaxed, Relaxed, within_limit).map_err(|_taken| Exhausted)?;
        self.bytes += by;
        Ok(())
    }

    /// Takes as much as is missing to so many bytes.
    ///
    /// # Errors
    /// As [`Share::grow`].
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.grow(bytes.saturating_sub(self.bytes))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back() {
        let budget = Budget::new(100);
        let mut first = budget.share();
        first.grow(60).unwrap();
        first.grow_to(80).unwrap();
        let mut second = budget.share();
        assert_eq!(second.grow(21), Err(Exhausted));
        second.grow(20).unwrap();
        assert_eq!(budget.taken(), 100);
        drop(first);
        assert_eq!(budget.taken(), 20);
        second.grow_to(10).unwrap();
        drop(second);
        assert_eq!(budget.taken(), 0);
    }
}
