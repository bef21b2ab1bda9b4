//! Texts people write: never empty, never endless, and always something that both stores can keep.

/// Why a text was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextRefusal {
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
    /// A line break in a text of one line, or a character that cannot be seen: what it does, a reader does not see.
    #[error("leave out line breaks and characters that cannot be seen")]
    Unprintable,
}

/// Whether a character cannot be seen and changes how others are read: a control character but for line breaks and tabs, a mark that turns
/// the direction of writing (Unicode TR9: a phone number would be read backwards), or one of no width (Unicode TR36).
pub const fn is_hidden(character: char) -> bool {
    match character {
        '\n' | '\r' | '\t' => false,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => false,
    }
}

/// A text of others, such as a sensor's, without what cannot be seen.
pub fn without_hidden(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains(is_hidden) { text.replace(is_hidden, "").into() } else { text.into() }
}

/// A text of 1 to `MAX` characters, without white space around it; on one line if `ONE_LINE`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Words<const MAX: usize, const ONE_LINE: bool = false>(String);

/// The same on one line: a name, a reason.
pub type Line<const MAX: usize> = Words<MAX, true>;

impl<const MAX: usize, const ONE_LINE: bool> Words<MAX, ONE_LINE> {
    /// Takes what a person wrote.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(written: &str) -> Result<Self, TextRefusal> {
        let text = written.trim();
        let length = text.chars().count();
        if text.is_empty() {
            Err(TextRefusal::Empty)
        } else if ONE_LINE && text.chars().any(char::is_control) {
            Err(TextRefusal::Unprintable)
        } else if text.contains('\0') {
            Err(TextRefusal::Nul)
        } else if text.contains(is_hidden) {
            Err(TextRefusal::Unprintable)
        } else if length > MAX {
            Err(TextRefusal::TooLong { length, limit: MAX })
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize, const ONE_LINE: bool> TryFrom<&str> for Words<MAX, ONE_LINE> {
    type Error = TextRefusal;

    fn try_from(written: &str) -> Result<Self, TextRefusal> {
        Self::parse(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert!(Words::<4>::parse("éééé").is_ok());
        assert_eq!(Words::<4>::parse("ééééé"), Err(TextRefusal::TooLong { length: 5, limit: 4 }));
    }

    #[test]
    fn white_space_is_no_text() {
        assert_eq!(Words::<10>::parse(" \n\t "), Err(TextRefusal::Empty));
        assert_eq!(Line::<10>::parse(" "), Err(TextRefusal::Empty));
        assert_eq!(Words::<40>::parse("  Karim belt terug.\n").unwrap().as_str(), "Karim belt terug.");
        assert_eq!(Line::<10>::parse("  kelder \t").unwrap().as_str(), "kelder");
    }

    #[test]
    fn what_cannot_be_seen_is_refused_and_taken_out_of_what_sensors_say() {
        for hidden in ["An \u{202e}Peeters", "\u{200b}", "a\u{7}b", "a\u{1b}[31m", "\u{2066}a", "\u{feff}a"] {
            assert_eq!(Line::<80>::parse(hidden), Err(TextRefusal::Unprintable), "{hidden:?}");
            assert_eq!(Words::<80>::parse(hidden), Err(TextRefusal::Unprintable), "{hidden:?}");
        }
        // Accents, emoji with a joiner and Arabic are seen.
        for seen in ["Zoë 👩\u{200d}💻", "مدرسة", "één\ttwee"] {
            assert_eq!(without_hidden(seen), seen);
            assert!(Words::<80>::parse(seen).is_ok(), "{seen:?}");
        }
        assert_eq!(without_hidden("gnp\u{202e}exe"), "gnpexe");
    }

    #[test]
    fn only_words_may_have_line_breaks_and_nothing_may_have_nul() {
        assert_eq!(Words::<10>::parse("a\nb").unwrap().as_str(), "a\nb");
        assert_eq!(Line::<10>::parse("a\nb"), Err(TextRefusal::Unprintable));
        assert_eq!(Words::<10>::parse("nas1\0"), Err(TextRefusal::Nul));
        assert_eq!(Line::<10>::parse("nas\0works"), Err(TextRefusal::Unprintable));
    }
}
