//! Texts people write: never empty, never endless.

/// Why a text was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Nothing but white space.
    #[error("write at least one word")]
    Empty,
    /// Too many characters.
    #[error("write at most {limit} characters; this is {length}")]
    TooLong {
        /// How many it has.
        length: usize,
        /// How many it may have.
        limit: usize,
    },
    /// PostgreSQL keeps no NUL, and no person writes one.
    #[error("the text has a NUL character; remove it")]
    Nul,
}

/// A text of 1 to `MAX` characters, without white space around it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Words<const MAX: usize>(String);

/// What a note says.
pub type NoteWords = Words<10_000>;

/// Why a case was closed or reopened.
pub type ReasonWords = Words<2_000>;

impl<const MAX: usize> Words<MAX> {
    /// Takes what a person wrote.
    pub fn parse(written: &str) -> Result<Self, WordsError> {
        let text = written.trim();
        if text.is_empty() {
            return Err(WordsError::Empty);
        }
        if text.contains('\0') {
            return Err(WordsError::Nul);
        }
        let length = text.chars().count();
        if length > MAX {
            return Err(WordsError::TooLong { length, limit: MAX });
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> TryFrom<&str> for Words<MAX> {
    type Error = WordsError;

    fn try_from(written: &str) -> Result<Self, WordsError> {
        Self::parse(written)
    }
}

impl<const MAX: usize> From<Words<MAX>> for String {
    fn from(words: Words<MAX>) -> Self {
        words.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert!(Words::<4>::parse("éééé").is_ok());
        assert_eq!(Words::<4>::parse("ééééé"), Err(WordsError::TooLong { length: 5, limit: 4 }));
    }

    #[test]
    fn white_space_is_no_text() {
        assert_eq!(NoteWords::parse(" \n\t "), Err(WordsError::Empty));
        assert_eq!(NoteWords::parse("  Karim belt terug.\n").unwrap().as_str(), "Karim belt terug.");
    }

    #[test]
    fn nul_is_refused() {
        assert_eq!(NoteWords::parse("nas1\0"), Err(WordsError::Nul));
    }
}
