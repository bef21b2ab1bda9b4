//! The parts of a list: its address, its pages, its tabs and filters, and the list as a file.

mod address;
mod export;
mod paging;
mod plain;
mod trail;

pub use self::{
    address::{AddressBuilder, search_text},
    export::{Rows, utc},
    paging::Paging,
    plain::PlainQuery,
    trail::{Range, Trail},
};

/// A tab with its count.
pub struct Tab {
    pub href: String,
    pub label: &'static str,
    pub count: String,
    pub tone: Option<&'static str>,
    pub is_current: bool,
}

/// A filter in use, and the address without it.
pub struct Chip {
    pub text: String,
    pub href: String,
}
