//! Writing events as JSON lines, in bodies that fit into a record each.

use bytes::Bytes;

use super::{Piece, events::Keep};

/// Gathers lines and starts a new body whenever the next one would not fit.
pub(super) struct LineWriter {
    max_bytes: usize,
    expected_bytes: usize,
    open: Vec<u8>,
    events: u32,
    pieces: Vec<Piece>,
}

impl LineWriter {
    pub fn new(max_bytes: usize, expected_bytes: usize) -> Self {
        Self { max_bytes, expected_bytes, open: Vec::new(), events: 0, pieces: Vec::new() }
    }

    pub fn finish(mut self) -> Vec<Piece> {
        self.close_piece();
        self.pieces
    }

    fn close_piece(&mut self) {
        if self.open.is_empty() {
            return;
        }
        self.expected_bytes = self.expected_bytes.saturating_sub(self.open.len());
        let bytes = Bytes::from(std::mem::take(&mut self.open));
        self.pieces.push(Piece { bytes, events: std::mem::take(&mut self.events) });
    }
}

impl Keep for LineWriter {
    const KEEPS: bool = true;

    fn line(&mut self, line: &[u8], events: u32) -> bool {
        let needs = line.len() + 1;
        if needs > self.max_bytes {
            return false;
        }
        if self.open.len() + needs > self.max_bytes {
            self.close_piece();
        }
        if self.open.is_empty() {
            self.open.reserve(self.expected_bytes.clamp(needs, self.max_bytes));
        }
        self.open.extend_from_slice(line);
        self.open.push(b'\n');
        self.events += events;
        true
    }

    fn body(&mut self, body: Piece) {
        self.close_piece();
        self.pieces.push(body);
    }
}
