//! Incident intake: from what sensors report to the response team's queue.

pub mod domain;
pub mod pack;
pub mod store;
