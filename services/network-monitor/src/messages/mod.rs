//! Domain values in protobuf, for the events and the answers that share them.

mod alert;

pub use proto::time::{moment, timestamp};
