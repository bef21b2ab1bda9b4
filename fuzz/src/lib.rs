//! What the targets assert: the properties that the tests of `services/schildwacht` try on made-up bodies, in the same files.
//!
//! `services/schildwacht/tests/it/fuzzing.rs` compiles this library too, and tries what is in `fuzz/seeds`.

use split::Events;

#[path = "../../services/schildwacht/src/same_events/properties.rs"]
pub mod properties;

#[path = "../../services/schildwacht/src/send/split.rs"]
pub mod split;
