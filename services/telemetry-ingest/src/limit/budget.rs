//! The memory that requests under way may take: all together, and those of one school, so that a school with many slow
//! connections does not take the memory of the others. A request that finds none left is told to retry, and never waits.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// So many bytes.
#[derive(Debug, Clone)]
pub struct Budget {
    limit: usize,
    taken: Arc<AtomicUsize>,
}

/// Some of a budget, given back when dropped.
#[derive(Debug)]
pub struct Hold {
    budget: Budget,
    bytes: usize,
}

/// Some of two budgets at once, given back when dropped.
#[derive(Debug)]
pub struct Share {
    of_all: Hold,
    of_school: Hold,
}

/// There is not enough left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exhausted {
    /// For anybody.
    All,
    School,
}

impl Budget {
    /// So many bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, taken: Arc::default() }
    }

    /// Bytes that are taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let within_limit = |taken: usize| taken.checked_add(bytes).filter(|total| *total <= self.limit);
        self.taken.fetch_update(Relaxed, Relaxed, within_limit).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Relaxed);
    }
}

impl Hold {
    /// Of nothing yet.
    pub fn of(budget: &Budget) -> Self {
        Self { budget: budget.clone(), bytes: 0 }
    }

    /// Takes more; `false` when the budget does not have it, and it stays as it was.
    fn grow(&mut self, by: usize) -> bool {
        let is_there = self.budget.take(by);
        if is_there {
            self.bytes += by;
        }
        is_there
    }

    /// Takes as much as is missing to so many bytes, or leaves it.
    pub fn grow_to(&mut self, bytes: usize) -> bool {
        self.grow(bytes.saturating_sub(self.bytes))
    }

    fn shrink(&mut self, by: usize) {
        self.budget.give_back(by);
        self.bytes -= by;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

impl Share {
    /// A share of nothing yet.
    pub fn of(of_all: &Budget, of_school: &Budget) -> Self {
        Self { of_all: Hold::of(of_all), of_school: Hold::of(of_school) }
    }

    /// Takes more.
    ///
    /// # Errors
    /// When one of the budgets does not have it; the share stays as it was.
    pub fn grow(&mut self, by: usize) -> Result<(), Exhausted> {
        if !self.of_school.grow(by) {
            return Err(Exhausted::School);
        }
        if !self.of_all.grow(by) {
            self.of_school.shrink(by);
            return Err(Exhausted::All);
        }
        Ok(())
    }

    /// What it has.
    pub const fn bytes(&self) -> usize {
        self.of_school.bytes
    }

    /// Takes as much as is missing to so many bytes.
    ///
    /// # Errors
    /// As [`Share::grow`].
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.grow(bytes.saturating_sub(self.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back() {
        let (all, school) = (Budget::new(100), Budget::new(100));
        let mut first = Share::of(&all, &school);
        first.grow(60).unwrap();
        first.grow_to(80).unwrap();
        let mut second = Share::of(&all, &school);
        assert_eq!(second.grow(21), Err(Exhausted::School));
        second.grow(20).unwrap();
        assert_eq!((all.taken(), school.taken()), (100, 100));
        drop(first);
        assert_eq!((all.taken(), school.taken()), (20, 20));
        second.grow_to(10).unwrap();
        drop(second);
        assert_eq!((all.taken(), school.taken()), (0, 0));
    }

    #[test]
    fn one_school_does_not_take_what_is_left_for_the_others() {
        let (all, greedy, other) = (Budget::new(100), Budget::new(70), Budget::new(70));
        let mut of_greedy = Share::of(&all, &greedy);
        of_greedy.grow(70).unwrap();
        assert_eq!(of_greedy.grow(1), Err(Exhausted::School));
        let mut of_other = Share::of(&all, &other);
        of_other.grow(30).unwrap();
        assert_eq!(of_other.grow(1), Err(Exhausted::All));
        assert_eq!((all.taken(), other.taken()), (100, 30));
    }
}
