//! Locks that a panic elsewhere does not take along.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; what a panicking holder left is still whole, since each change under these locks is a single step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
