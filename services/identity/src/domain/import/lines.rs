//! Which line a byte stands on.

/// Spreadsheets begin UTF-8 files with this mark; it carries no meaning.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Offsets of a file's line breaks.
pub(super) struct Lines {
    breaks: Vec<usize>,
    length: usize,
}

impl Lines {
    pub(super) fn of(file: &[u8]) -> Self {
        Self { breaks: memchr::memchr_iter(b'\n', file).collect(), length: file.len() }
    }

    /// The line of a byte, from 1.
    pub(super) fn line_at(&self, offset: usize) -> u64 {
        self.breaks.partition_point(|&line_break| line_break < offset) as u64 + 1
    }

    /// How many lines there are; a last line without a break counts.
    pub(super) fn count(&self) -> u64 {
        let ends_in_a_break = self.breaks.last().is_some_and(|&last| last + 1 == self.length);
        let unended = u64::from(self.length > 0 && !ends_in_a_break);
        self.breaks.len() as u64 + unended
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_agree_with_counting_breaks(text in "[a\n]{0,40}") {
            let lines = Lines::of(text.as_bytes());
            for offset in 0..text.len() {
                let breaks_before = text.as_bytes()[..offset].iter().filter(|&&byte| byte == b'\n').count() as u64;
                prop_assert_eq!(lines.line_at(offset), breaks_before + 1);
            }
            prop_assert_eq!(lines.count(), text.lines().count() as u64);
        }
    }
}
