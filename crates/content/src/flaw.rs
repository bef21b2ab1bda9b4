//! Errors in a pack, each with file, line and column.

use std::{fmt, io, path::PathBuf};

use serde_saphyr::{Location, MessageFormatter as _, Spanned, UserMessageFormatter};

/// One error in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The file, as an editor opens it.
    pub file: String,
    /// 1-based.
    pub line: u64,
    /// In characters, 1-based.
    pub column: u64,
    /// What is wrong and what to write instead.
    pub reason: String,
}

impl Flaw {
    /// An error of the YAML parser.
    pub(crate) fn unreadable(file: &str, error: &serde_saphyr::Error) -> Self {
        let error = error.without_snippet();
        let location = error.location().unwrap_or(Location::UNKNOWN);
        let reason = match error {
            serde_saphyr::Error::InvalidScalar { ty, .. } if ty.starts_with(['u', 'i']) => format!("expected a whole number ({ty})"),
            other => UserMessageFormatter.format_message(other).into_owned(),
        };
        Self::at(file, location, reason)
    }

    fn at(file: &str, location: Location, reason: impl Into<String>) -> Self {
        // An error without a location (an empty file) gets the beginning of the file.
        let (line, column) = (location.line().max(1), location.column().max(1));
        Self { file: file.to_owned(), line, column, reason: reason.into() }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}: {}", self.file, self.line, self.column, self.reason)
    }
}

/// The flaws found in one file so far.
#[derive(Debug)]
pub struct Flaws {
    file: String,
    found: Vec<Flaw>,
}

impl Flaws {
    pub(crate) fn of(file: &str) -> Self {
        Self { file: file.to_owned(), found: Vec::new() }
    }

    /// Adds an error at a value's location.
    pub fn add<T>(&mut self, place: &Spanned<T>, reason: impl Into<String>) {
        self.found.push(Flaw::at(&self.file, place.referenced, reason));
    }

    pub(crate) fn into_found(self) -> Vec<Flaw> {
        self.found
    }
}

/// Why a pack could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The files have errors, listed one per line.
    #[error("content pack {id} is not right:{}", Listed(.flaws))]
    Flawed {
        /// The pack.
        id: &'static str,
        /// At least one.
        flaws: Vec<Flaw>,
    },
    /// There is no file of this pack, neither in the binary nor in the configured folder.
    #[error("content pack {id} has no file; add content/{id}/<version>.yaml")]
    Missing {
        /// The pack.
        id: &'static str,
    },
    /// The configured folder, or a file in it, cannot be read.
    #[error("content at {} cannot be read; check that it exists and that this process may read it", path.display())]
    Unreadable {
        /// The path that was opened.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

struct Listed<'a>(&'a [Flaw]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|flaw| write!(formatter, "\n  {flaw}"))
    }
}
