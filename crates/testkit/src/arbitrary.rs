//! Arbitrary values, for tests that what is stored is read back.

use std::fmt::Debug;

use auth::{Function, Resource};
use chrono::{DateTime, Utc};
use proptest::{
    prelude::any,
    sample::subsequence,
    strategy::{Strategy, ValueTree as _},
    test_runner::TestRunner,
};
use runtime::{BoardId, SchoolId};
use uuid::Uuid;

/// 64 values, the same in every run. Not shrunk: each is a row or two.
pub fn samples<S: Strategy>(strategy: &S) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..64).map(|_| strategy.new_tree(&mut runner).expect("a value of the strategy").current()).collect()
}

/// Up to 20 printable characters; may be empty.
pub fn text() -> impl Strategy<Value = String> {
    "\\PC{0,20}"
}

/// 1 to 20 letters.
pub fn word() -> impl Strategy<Value = String> {
    "[a-zéA-Z]{1,20}"
}

/// From 1970 to 2100, in microseconds, as both stores keep it.
pub fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    (0..4_102_444_800_000_000_i64).prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap_or_default())
}

/// An id of any kind.
pub fn id<T: From<Uuid> + Debug>() -> impl Strategy<Value = T> {
    any::<u128>().prop_map(|bits| Uuid::from_u128(bits).into())
}

/// Up to three functions that a person holds: at these schools and boards, on the platform, or of their own.
pub fn functions(schools: &[SchoolId], boards: &[BoardId]) -> impl Strategy<Value = Vec<Function>> {
    let schools = schools.iter().map(|id| Resource::School(*id));
    let places = schools.chain(boards.iter().map(|id| Resource::Board(*id))).chain([Resource::Platform]);
    let all: Vec<Function> = places.flat_map(Function::at).chain([Function::Pupil, Function::Parent]).collect();
    subsequence(all, 0..=3)
}
