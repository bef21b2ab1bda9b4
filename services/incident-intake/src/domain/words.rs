//! Texts people write about cases.

use runtime::Words;

/// What a note says.
pub type NoteWords = Words<10_000>;

/// Why a case was closed or reopened.
pub type ReasonWords = Words<2_000>;
