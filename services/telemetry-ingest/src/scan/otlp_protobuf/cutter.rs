//! Gathers log records under their resource and scope, and writes a request whenever the next one would not fit.

use std::rc::Rc;

use bytes::Bytes;

use super::schema::{RESOURCE_LOGS, SCOPE_LOGS};
use crate::scan::{
    Piece,
    wire::{varint_size, write_header},
};

/// Tag and length of a nested message, at most.
const HEADER: usize = 1 + 5;

pub(super) struct Cutter<'a> {
    max_bytes: usize,
    request: Surroundings<'a>,
    resource: Rc<Surroundings<'a>>,
    scope: Rc<Surroundings<'a>>,
    open: Vec<Entry<'a>>,
    open_bytes: usize,
    pieces: Vec<Piece>,
}

/// The fields that stand beside the ones that are cut, as they came.
#[derive(Default)]
struct Surroundings<'a> {
    fields: Vec<&'a [u8]>,
    size: usize,
}

/// One log record, tag and length included, and what it stands under.
struct Entry<'a> {
    resource: Rc<Surroundings<'a>>,
    scope: Rc<Surroundings<'a>>,
    log_record: &'a [u8],
}

impl<'a> Cutter<'a> {
    pub fn new(max_bytes: usize, request: Vec<&'a [u8]>) -> Self {
        let request = Surroundings::of(request);
        let open_bytes = request.size;
        Self { max_bytes, request, resource: Rc::default(), scope: Rc::default(), open: Vec::new(), open_bytes, pieces: Vec::new() }
    }

    pub fn enter_resource(&mut self, surroundings: Vec<&'a [u8]>) {
        self.resource = Rc::new(Surroundings::of(surroundings));
    }

    pub fn enter_scope(&mut self, surroundings: Vec<&'a [u8]>) {
        self.scope = Rc::new(Surroundings::of(surroundings));
    }

    /// Adds a log record under the resource and scope entered last. `false` when it fits into no request, even alone.
    pub fn add(&mut self, log_record: &'a [u8]) -> bool {
        let needs_resource = HEADER + self.resource.size;
        let needs_scope = HEADER + self.scope.size;
        let needs_alone = needs_resource + needs_scope + log_record.len();
        if self.request.size + needs_alone > self.max_bytes {
            return false;
        }

        let same_resource = self.open.last().is_some_and(|last| Rc::ptr_eq(&last.resource, &self.resource));
        let same_scope = self.open.last().is_some_and(|last| Rc::ptr_eq(&last.scope, &self.scope));
        let mut needs = log_record.len();
        needs += if same_resource { 0 } else { needs_resource };
        needs += if same_scope { 0 } else { needs_scope };
        if self.open_bytes + needs > self.max_bytes {
            self.close_piece();
            needs = needs_alone;
        }
        self.open_bytes += needs;
        self.open.push(Entry { resource: Rc::clone(&self.resource), scope: Rc::clone(&self.scope), log_record });
        true
    }

    pub fn finish(mut self) -> Vec<Piece> {
        self.close_piece();
        self.pieces
    }

    fn close_piece(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let mut out = Vec::with_capacity(self.open_bytes);
        self.request.write(&mut out);
        for under_resource in self.open.chunk_by(|one, other| Rc::ptr_eq(&one.resource, &other.resource)) {
            write_resource(under_resource, &mut out);
        }
        let events = u32::try_from(self.open.len()).unwrap_or(u32::MAX);
        self.pieces.push(Piece { bytes: Bytes::from(out), events });
        self.open.clear();
        self.open_bytes = self.request.size;
    }
}

fn write_resource(entries: &[Entry<'_>], out: &mut Vec<u8>) {
    let Some(resource) = entries.first().map(|entry| &entry.resource) else { return };
    let scopes = || entries.chunk_by(|one, other| Rc::ptr_eq(&one.scope, &other.scope));
    let size_of_scopes: usize = scopes().map(scope_size).map(|size| 1 + varint_size(size) + size).sum();
    write_header(RESOURCE_LOGS, resource.size + size_of_scopes, out);
    resource.write(out);
    for under_scope in scopes() {
        write_header(SCOPE_LOGS, scope_size(under_scope), out);
        if let Some(entry) = under_scope.first() {
            entry.scope.write(out);
        }
        for entry in under_scope {
            out.extend_from_slice(entry.log_record);
        }
    }
}

fn scope_size(entries: &[Entry<'_>]) -> usize {
    let scope = entries.first().map_or(0, |entry| entry.scope.size);
    scope + entries.iter().map(|entry| entry.log_record.len()).sum::<usize>()
}

impl<'a> Surroundings<'a> {
    fn of(fields: Vec<&'a [u8]>) -> Self {
        let size = fields.iter().map(|field| field.len()).sum();
        Self { fields, size }
    }

    fn write(&self, out: &mut Vec<u8>) {
        for field in &self.fields {
            out.extend_from_slice(field);
        }
    }
}
