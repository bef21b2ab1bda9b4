//! Content packs: data that policy people change without a programmer.
//!
//! Deadlines, thresholds, questionnaires and texts move with the law and with experience. They are therefore dated YAML
//! files under `content/<pack>/`, never constants in code. A pack has one file per version. Every file has its period of validity,
//! its sources, and every text in Dutch and in English.
//!
//! ```yaml
//! id: incident-classes
//! version: "2026.1"
//! valid_from: 2026-01-01          # a day in Brussels
//! valid_to: 2026-12-31            # the last day; optional
//! sources:
//!   - title: Reference security incident taxonomy
//!     url: https://example.org/taxonomy
//! body:
//!   …                             # as the pack's `Body` describes it
//! ```
//!
//! A service defines its [`Body`], loads the [`Library`] once at start and calls [`Library::at`] with a moment. A record that is
//! created under a pack stores its version, and [`Library::version`] finds it later.
//!
//! An invalid file stops the start. Every error is reported with file, line, column and reason ([`Flaw`]).
//!
//! # Adding a version
//!
//! Copy the newest file, give it a new `version` and `valid_from`, and set `valid_to` of the old one to the day before. Two
//! versions are never valid on the same day. Nothing else is needed: `build.rs` embeds every file it finds.
//!
//! # Trying other content
//!
//! [`Settings::folder`] names a folder laid out like `content/`. A pack that has files there is read from there *instead of*
//! from the binary; all other packs come from the binary.

mod embedded;
mod flaw;
mod library;
mod pack;
mod text;

pub use flaw::{Flaw, Flaws, LoadError};
pub use library::{Library, NotInForce, Settings};
pub use pack::{Body, Pack, Source};
pub use serde_saphyr::{Location, Spanned};
pub use text::Text;
