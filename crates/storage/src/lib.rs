//! Where services keep things: SQLite on one machine, PostgreSQL in production, one API.
//!
//! | Module | Gives |
//! |---|---|
//! | [`database`] | connections, write transactions, the error of every store |
//! | [`migrate`] | migrations under a lock, tolerant of a database that is newer than the binary |
//! | [`page`] | lists, page by page, in any order |
//! | [`query`] | the caller's scope, searches, many rows at a time |
//! | [`request`] | who asked for a row, so that asking again makes none |
//! | [`privileges`] | what the application's role may do on PostgreSQL |
//! | [`reach`] | row-level security on PostgreSQL, below the scope of every look-up |
//! | [`classified`] | of which class of data a table is, and how sensitive its columns are |
//! | [`retention`] | how long each class is kept, what is on hold, and how rows go |
//! | [`audit`] | the hash-chained audit trail, with signed checkpoints outside the database |
//! | [`cache`] | what may be lost: sessions, look-ups; in process or in Redis |
//! | [`rates`] | a GCRA rate limiter over all replicas, in Redis |
//!
//! A service's `store/` is the only place that uses sea-orm. Its functions take a [`Txn`] (or a [`Reader`]) and
//! answer [`StoreResult`]; a use case turns a [`StoreError`] into a `runtime::Error` with `?`. State, event and audit row are
//! written in one [`Txn`]: all of them or none.

pub mod audit;
pub mod cache;
pub mod classified;
pub mod database;
pub mod migrate;
pub mod page;
pub mod privileges;
pub mod query;
pub mod rates;
pub mod reach;
pub mod request;
pub mod retention;

pub use cache::Cache;
pub use database::{Database, DatabaseConfig, StoreError, StoreResult, Txn};
pub use page::{Page, PageRequest, Paging, Sort, asc, desc};
pub use query::{chunks, holding, is_within, or_update, within};
pub use rates::SharedRates;
pub use reach::{Reach, Reader};
pub use request::RequestKey;
