//! A second chance for text that careless writers produce.

use std::borrow::Cow;

/// The text without what JSON does not allow inside it: bytes that are not UTF-8, control characters inside strings, halves of
/// surrogate pairs. `None` when there is nothing of the kind.
pub fn mended(text: &[u8]) -> Option<String> {
    let utf8 = String::from_utf8_lossy(text);
    let has_controls = utf8.bytes().any(|byte| byte < 0x20 && !byte.is_ascii_whitespace() || byte == b'\t' || byte == b'\n');
    let without_controls: Cow<'_, str> = if has_controls { Cow::Owned(utf8.replace(|letter: char| letter < ' ', " ")) } else { utf8 };
    let mended = without_lone_surrogates(&without_controls);
    (mended.as_bytes() != text).then_some(mended)
}

fn without_lone_surrogates(text: &str) -> String {
    let surrogate = |at: &str| -> Option<u16> {
        let digits = at.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok().filter(|unit| (0xd800..0xe000).contains(unit))
    };
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find('\\') {
        let (before, escape) = rest.split_at(found);
        mended.push_str(before);
        let is_pair = |unit: u16| unit < 0xdc00 && escape.get(6..).and_then(surrogate).is_some_and(|low| low >= 0xdc00);
        let taken = match surrogate(escape) {
            Some(unit) if is_pair(unit) => 12,
            Some(_) => {
                mended.push_str("\\ufffd");
                rest = &escape[6..];
                continue;
            }
            // The character after the backslash belongs to it, also when it is a backslash.
            None => escape.char_indices().nth(2).map_or(escape.len(), |(end, _)| end),
        };
        mended.push_str(&escape[..taken]);
        rest = &escape[taken..];
    }
    mended.push_str(rest);
    mended
}
