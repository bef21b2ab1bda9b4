//! Counts the events of bodies that are not OTLP, and hands on the good ones.

use std::borrow::Cow;

use super::{Flaw, Limits, Piece, Place, ScanError, Tally, framing::Part, otlp_json};

/// Where good events go.
pub(super) trait Keep {
    /// A line with so many events; `false` when it fits into no body.
    fn line(&mut self, line: &[u8], events: u32) -> bool;

    /// A body of its own.
    fn body(&mut self, body: Piece);

    /// Whether anything is kept at all.
    const KEEPS: bool;
}

/// For counting only.
impl Keep for () {
    const KEEPS: bool = false;

    fn line(&mut self, _line: &[u8], _events: u32) -> bool {
        true
    }

    fn body(&mut self, _body: Piece) {}
}

/// What was found so far.
pub(super) struct Events<'l, K> {
    pub tally: Tally,
    pub kept: K,
    limits: &'l Limits,
}

impl<'l, K: Keep> Events<'l, K> {
    pub fn new(kept: K, limits: &'l Limits) -> Self {
        Self { tally: Tally::default(), kept, limits }
    }

    /// An event, as far as its check says so.
    #[inline]
    pub fn event(&mut self, event: &[u8], check: impl FnOnce() -> Result<(), Flaw>) -> Result<(), ScanError> {
        let is_good = self.tally.count(event.len(), check, self.limits)?;
        if K::KEEPS && is_good && !self.kept.line(&line_of(event), 1) {
            self.tally.recount_as_too_large();
        }
        Ok(())
    }

    /// A part of a body that is written again in lines; it begins at this byte.
    pub fn part(&mut self, at: usize, part: Part<'_>) -> Result<(), ScanError> {
        match part {
            Part::Object(request) if otlp::begins_as_request(request) => self.request(request, Place::Byte(at)),
            other => self.element(at, other),
        }
    }

    /// A part of a line that may be stored as it came; it begins at this byte.
    pub fn element(&mut self, at: usize, part: Part<'_>) -> Result<(), ScanError> {
        let flaw = |what| move || Err(Flaw::at_byte(at, what));
        match part {
            Part::Object(event) | Part::Text(event) => self.event(event, || Ok(())),
            Part::Unfinished(rest) => self.event(rest, flaw("the JSON ends too early")),
            Part::NoObject(word) => self.event(word, flaw("not a JSON object")),
        }
    }

    /// A whole OTLP request among events, as the Collector's file exporter writes them: its log records are the events.
    pub fn request(&mut self, request: &[u8], place: Place) -> Result<(), ScanError> {
        let flaw = |flaw: Flaw| Flaw { place, ..flaw };
        let mut found = match otlp_json::tally(request, self.limits) {
            Err(ScanError::Malformed(what)) => return self.event(request, || Err(flaw(what))),
            tally => tally?,
        };
        if found.total() == 0 {
            return Ok(());
        }
        if self.tally.total().saturating_add(found.total()) as usize > self.limits.max_events {
            return Err(ScanError::TooManyEvents { limit: self.limits.max_events });
        }
        let is_whole = found.bad() == 0 && self.kept.line(&in_one_line(request), found.good);
        if K::KEEPS && !is_whole {
            let cut = otlp_json::cut(request, self.limits)?;
            cut.pieces.into_iter().for_each(|piece| self.kept.body(piece));
            found = cut.tally;
        }
        self.tally.good += found.good;
        self.tally.too_large += found.too_large;
        self.tally.malformed += found.malformed;
        self.tally.first_flaw = self.tally.first_flaw.or(found.first_flaw.map(flaw));
        Ok(())
    }
}

/// The line that is read as this one event. What looks like a request is one only in a line of its own, and was not.
fn line_of(event: &[u8]) -> Cow<'_, [u8]> {
    if otlp::begins_as_request(event) { Cow::Owned([b"[", event, b"]"].concat()) } else { in_one_line(event) }
}

/// Outside strings a line break is white space, and inside strings JSON allows none.
fn in_one_line(event: &[u8]) -> Cow<'_, [u8]> {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if event.iter().any(is_break) {
        Cow::Owned(event.iter().map(|byte| if is_break(byte) { b' ' } else { *byte }).collect())
    } else {
        Cow::Borrowed(event)
    }
}
