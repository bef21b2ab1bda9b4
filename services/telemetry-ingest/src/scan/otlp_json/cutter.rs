//! Writes log records under their resource and scope, and starts a new request whenever the next one would not fit.

use bytes::Bytes;

use crate::scan::Piece;

const REQUEST: &[u8] = b"{\"resourceLogs\":[";
const NEXT_RECORD: &[u8] = b",";
const NEXT_SCOPE: &[u8] = b"]},";
const NEXT_RESOURCE: &[u8] = b"]}]},";
const END: &[u8] = b"]}]}]}";

pub(super) struct Cutter {
    max_bytes: usize,
    expected_bytes: usize,
    /// The beginning of the resource entered last, up to its list of scopes.
    resource: Vec<u8>,
    /// The beginning of the scope entered last, up to its list of records.
    scope: Vec<u8>,
    open: Vec<u8>,
    open_at: OpenAt,
    events: u32,
    pieces: Vec<Piece>,
}

/// Where the open request stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OpenAt {
    /// Nothing is written yet.
    Nothing,
    /// Under an earlier resource than the one entered last.
    EarlierResource,
    /// Under the resource entered last, but an earlier scope.
    EarlierScope,
    /// Under the scope entered last.
    Scope,
}

impl Cutter {
    pub fn new(max_bytes: usize, expected_bytes: usize) -> Self {
        let (resource, scope, open) = (Vec::new(), Vec::new(), Vec::new());
        Self { max_bytes, expected_bytes, resource, scope, open, open_at: OpenAt::Nothing, events: 0, pieces: Vec::new() }
    }

    pub fn enter_resource(&mut self, resource: Option<&[u8]>, schema_url: Option<&[u8]>) {
        self.resource = beginning([("resource", resource), ("schemaUrl", schema_url)], "scopeLogs");
        if self.open_at != OpenAt::Nothing {
            self.open_at = OpenAt::EarlierResource;
        }
    }

    pub fn enter_scope(&mut self, scope: Option<&[u8]>, schema_url: Option<&[u8]>) {
        self.scope = beginning([("scope", scope), ("schemaUrl", schema_url)], "logRecords");
        if self.open_at == OpenAt::Scope {
            self.open_at = OpenAt::EarlierScope;
        }
    }

    /// Adds a log record under the resource and scope entered last. `false` when it fits into no request, even alone.
    pub fn add(&mut self, log_record: &[u8]) -> bool {
        let size_alone = REQUEST.len() + self.resource.len() + self.scope.len() + log_record.len() + END.len();
        if size_alone > self.max_bytes {
            return false;
        }
        if self.open.len() + self.size_of_parts(log_record) + END.len() > self.max_bytes {
            self.close_piece();
        }
        if self.open.is_empty() {
            self.open.reserve(self.expected_bytes.clamp(size_alone, self.max_bytes));
        }
        for part in parts(self.open_at, &self.resource, &self.scope, log_record) {
            self.open.extend_from_slice(part);
        }
        self.open_at = OpenAt::Scope;
        self.events += 1;
        true
    }

    pub fn finish(mut self) -> Vec<Piece> {
        self.close_piece();
        self.pieces
    }

    fn size_of_parts(&self, log_record: &[u8]) -> usize {
        parts(self.open_at, &self.resource, &self.scope, log_record).map(<[u8]>::len).iter().sum()
    }

    fn close_piece(&mut self) {
        if self.open_at == OpenAt::Nothing {
            return;
        }
        self.expected_bytes = self.expected_bytes.saturating_sub(self.open.len());
        self.open.extend_from_slice(END);
        let bytes = Bytes::from(std::mem::take(&mut self.open));
        self.pieces.push(Piece { bytes, events: std::mem::take(&mut self.events) });
        self.open_at = OpenAt::Nothing;
    }
}

/// What must be written for one more record.
fn parts<'a>(open_at: OpenAt, resource: &'a [u8], scope: &'a [u8], log_record: &'a [u8]) -> [&'a [u8]; 4] {
    match open_at {
        OpenAt::Nothing => [REQUEST, resource, scope, log_record],
        OpenAt::EarlierResource => [NEXT_RESOURCE, resource, scope, log_record],
        OpenAt::EarlierScope => [NEXT_SCOPE, b"", scope, log_record],
        OpenAt::Scope => [NEXT_RECORD, b"", b"", log_record],
    }
}

/// An object with these fields, as far as they are there, up to the beginning of its list.
fn beginning(fields: [(&str, Option<&[u8]>); 2], list: &str) -> Vec<u8> {
    let mut text = vec![b'{'];
    for (name, value) in fields {
        if let Some(value) = value {
            text.extend([format!("\"{name}\":").as_bytes(), value, b","].concat());
        }
    }
    text.extend(format!("\"{list}\":[").as_bytes());
    text
}
