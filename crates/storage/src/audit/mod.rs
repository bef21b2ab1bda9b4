//! The audit trail: who did what to which thing, and proof that nobody changed it afterwards.
//!
//! One chain per organisation (board, school, vendor), one for reads of each school's cases, and one for the platform. Row *n* holds
//! `SHA-256(row n−1's hash ‖ its own fields)`, each field with its length before it. The head of each chain is in a table of its own:
//! its row is the lock that keeps writers of one chain in line, and it shows when rows at the end were cut off.
//!
//! People who acted are in a table of their own by name ([`list`] shows both): a name is personal data, and a row is for good.
//!
//! That alone stands against a slip, not against someone with the database, who can compute every hash again. So:
//!
//! - Triggers refuse to change or delete rows, on both stores ([`AddAuditTrail`]); on PostgreSQL the application's role may not either.
//! - Each process signs, every few minutes, where all chains end ([`Checkpoints`]), with a key that is not in the database, and keeps that
//!   outside it ([`Anchor`]): in a file, and in a topic of the event log, whose broker refuses to delete.
//! - [`examine`] compares every row with the one before it, with what the checkpoints saw, and with the texts that people wrote, and names
//!   what was changed, deleted, reordered, cut off or removed.
//! - A database restored from a backup has lost rows that checkpoints saw. An operator says so once, with the same key ([`Acceptance`]), which
//!   every process and every check tells.
//!
//! What no checkpoint has seen yet (the last minutes) and what someone with the database *and* the key writes again before the next one
//! reaches another place is not proven.

mod accept;
mod actor;
mod anchor;
mod append;
mod chain_check;
mod checkpoint;
mod examine;
mod finding;
mod history;
mod listing;
mod migration;
mod note;
mod on_record;
mod read;
mod record;
mod restore;
mod table;
mod uses;

pub use accept::{AcceptError, Acceptance};
pub use actor::{erase_actor, know_again, name_to_keep};
pub use anchor::{Anchor, AnchorError, FileAnchor, SharedAnchor};
pub use append::{Chain, Entry, Receipt, append};
pub use examine::{ChainReport, KeptText, REMOVED, Texts, examine, fingerprint};
pub use finding::{CheckpointName, Finding};
pub use history::History;
pub use listing::{Changes, EntryKind, Listed, Listing, Things, list};
pub use migration::AddAuditTrail;
pub(crate) use migration::tables;
pub use note::{KeyError, PublicKey, SigningKey};
pub use on_record::OnRecord;
pub use read::record_read;
pub use record::{CheckpointError, Checkpointing, Checkpoints, Made};
pub use restore::{AcceptedRestore, RestoredRows};
pub use uses::{LastUse, last_uses};
