//! JSON lines: an event a line.

use super::{reading::Reading, surroundings::Surroundings, text};

/// Reads the lines. A body that is one array, or objects spread over lines, is read as a whole instead.
pub fn read(body: &[u8], around: &Surroundings<'_>, each: &mut dyn FnMut(Reading<'_>)) {
    let first_line = body.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let is_spread_over_lines = first_line == b"{" || first_line.starts_with(b"[");
    if is_spread_over_lines {
        text::read(body, around, each);
        return;
    }
    let mut rest = body;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if !line.trim_ascii().is_empty() {
            text::read(line, around, each);
        }
    }
}
