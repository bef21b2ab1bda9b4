//! A checkpoint: a statement about the heads of all chains of one database, as a text that is signed.
//!
//! The text has the shape of C2SP `tlog-checkpoint`: origin, size, root hash, further lines. We have many chains and no tree, so the size
//! is the checkpoint's number in its series, and the root is the SHA-256 over the list of all heads, sorted:
//!
//! ```text
//! schildwacht.be/audit/incident-intake/0199c0de-0000-7000-8000-000000000001
//! 12
//! 5nY7…=
//! time 2026-11-29T17:00:00.000000Z
//! previous qRk…=
//! head platform 7 w3f…=
//! head school:0199… 42 P0b…=
//! ```
//!
//! One that an operator makes after a restore has more lines before its heads: `restored <moment of the backup> <reason>`, a line
//! `covers <series> <number>` for each series of which the operator's process had read the checkpoints up to that number, and a line
//! `lost <chain> <first row> <last row>` for rows that those checkpoints saw and that the restored database does not have.
//!
//! It lists the heads that moved since the checkpoint before it, which `previous` names by the SHA-256 of its text; the others are in the root.
//! A series is what one process writes: replicas of a service have one each, so none waits for another.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub(super) const ORIGIN: &str = "schildwacht.be/audit/";

const RESTORED: &str = "restored ";
const COVERS: &str = "covers ";
const LOST: &str = "lost ";

/// A SHA-256.
pub(super) type Hash = [u8; 32];

/// Which checkpoint it is: its series, and its number there.
pub(super) type Id = (Uuid, u64);

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub chain: String,
    /// Its rows, which are numbered from 1.
    pub rows: i64,
    /// Of the last row.
    pub hash: Hash,
}

/// The ends of all chains that a series has spoken of.
#[derive(Debug, Clone, Default)]
pub(super) struct Heads(BTreeMap<String, Claim>);

/// What a checkpoint says of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    pub rows: i64,
    pub hash: Hash,
    pub by: Id,
}

impl Heads {
    /// What this checkpoint says.
    pub(super) fn put(&mut self, moved: &[Head], by: Id) {
        self.0.extend(moved.iter().map(|head| (head.chain.clone(), Claim { rows: head.rows, hash: head.hash, by })));
    }

    pub(super) fn of_chain(&self, chain: &str) -> Option<Claim> {
        self.0.get(chain).copied()
    }

    pub(super) fn chains(&self) -> impl Iterator<Item = (&str, Claim)> {
        self.0.iter().map(|(chain, claim)| (chain.as_str(), *claim))
    }

    /// SHA-256 over the line of each chain, sorted by name.
    pub(super) fn root(&self) -> Hash {
        let mut hasher = Sha256::new();
        for (chain, claim) in self.chains() {
            hasher.update(line(chain, claim.rows, &claim.hash));
        }
        hasher.finalize().into()
    }
}

fn line(chain: &str, rows: i64, hash: &Hash) -> String {
    format!("head {chain} {rows} {}\n", STANDARD.encode(hash))
}

/// Whether a chain of this name can be written into a line. Names of ours can; one with a line break in it would be a line of its own.
pub(super) fn is_plain(chain: &str) -> bool {
    !chain.is_empty() && chain.bytes().all(|byte| byte.is_ascii_graphic())
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checkpoint {
    pub service: String,
    pub series: Uuid,
    /// From 1.
    pub number: u64,
    pub root: Hash,
    pub at: DateTime<Utc>,
    /// SHA-256 of the text of the one before it.
    pub previous: Option<Hash>,
    /// That the database was restored from a backup, where an operator says so.
    pub restore: Option<Restore>,
    /// The heads that moved.
    pub moved: Vec<Head>,
}

/// An operator's word on a restored database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Restore {
    /// One line.
    pub reason: String,
    /// When the backup was made, as the operator says.
    pub backup_of: DateTime<Utc>,
    /// The last number of each series that the operator's process had read. What other checkpoints saw is not excused.
    pub covers: BTreeMap<Uuid, u64>,
    pub lost: Vec<Lost>,
}

/// Rows that covered checkpoints saw, and that are gone with the restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lost {
    pub chain: String,
    pub from: i64,
    pub to: i64,
}

impl Checkpoint {
    pub(super) fn text(&self) -> String {
        let Self { service, series, number, at, .. } = self;
        let root = STANDARD.encode(self.root);
        let at = moment(*at);
        let previous = self.previous.map_or("none".to_owned(), |hash| STANDARD.encode(hash));
        let heads: String = self.moved.iter().map(|head| line(&head.chain, head.rows, &head.hash)).collect();
        let restore = self.restore.as_ref().map(Restore::text).unwrap_or_default();
        format!("{ORIGIN}{service}/{series}\n{number}\n{root}\ntime {at}\nprevious {previous}\n{restore}{heads}")
    }

    /// `None` when it is no checkpoint of ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n').peekable();
        let (service, series) = lines.next()?.strip_prefix(ORIGIN)?.split_once('/')?;
        let number = lines.next()?.parse().ok()?;
        let root = hash(lines.next()?)?;
        let at = DateTime::parse_from_rfc3339(lines.next()?.strip_prefix("time ")?).ok()?.to_utc();
        let previous = match lines.next()?.strip_prefix("previous ")? {
            "none" => None,
            named => Some(hash(named)?),
        };
        let restore = match lines.next_if(|line| line.starts_with(RESTORED)) {
            None => None,
            Some(line) => {
                let (backup_of, reason) = line.strip_prefix(RESTORED)?.split_once(' ')?;
                let backup_of = DateTime::parse_from_rfc3339(backup_of).ok()?.to_utc();
                let covers = std::iter::from_fn(|| lines.next_if(|line| line.starts_with(COVERS))).map(covered).collect::<Option<_>>()?;
                let lost = std::iter::from_fn(|| lines.next_if(|line| line.starts_with(LOST))).map(lost).collect::<Option<_>>()?;
                Some(Restore { reason: reason.to_owned(), backup_of, covers, lost })
            }
        };
        let moved = lines.map(head).collect::<Option<_>>()?;
        Some(Self { service: service.to_owned(), series: series.parse().ok()?, number, root, at, previous, restore, moved })
    }
}

impl Restore {
    fn text(&self) -> String {
        let Self { reason, backup_of, covers, lost } = self;
        let covers: String = covers.iter().map(|(series, number)| format!("{COVERS}{series} {number}\n")).collect();
        let lost: String = lost.iter().map(|Lost { chain, from, to }| format!("{LOST}{chain} {from} {to}\n")).collect();
        format!("{RESTORED}{} {reason}\n{covers}{lost}", moment(*backup_of))
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The service that a note is of, before anything of it is trusted.
pub(super) fn service_of(note: &str) -> Option<&str> {
    note.lines().next()?.strip_prefix(ORIGIN)?.split_once('/').map(|(service, _series)| service)
}

/// By which the next checkpoint names this text.
pub(super) fn hash_of(text: &str) -> Hash {
    Sha256::digest(text).into()
}

fn hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

fn covered(line: &str) -> Option<(Uuid, u64)> {
    let (series, number) = line.strip_prefix(COVERS)?.split_once(' ')?;
    Some((series.parse().ok()?, number.parse().ok()?))
}

fn lost(line: &str) -> Option<Lost> {
    let [chain, from, to] = line.strip_prefix(LOST)?.split(' ').collect::<Vec<_>>()[..] else { return None };
    Some(Lost { chain: chain.to_owned(), from: from.parse().ok()?, to: to.parse().ok()? })
}

fn head(line: &str) -> Option<Head> {
    let [chain, rows, last] = line.strip_prefix("head ")?.split(' ').collect::<Vec<_>>()[..] else { return None };
    Some(Head { chain: chain.to_owned(), rows: rows.parse().ok()?, hash: hash(last)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let head = |chain: &str, rows| Head { chain: chain.to_owned(), rows, hash: [7; 32] };
        Checkpoint {
            service: "identity".to_owned(),
            series: Uuid::from_u64_pair(1, 2),
            number: 3,
            root: [5; 32],
            at: "2026-11-29T17:00:00.000001Z".parse().unwrap(),
            previous: Some([9; 32]),
            restore: None,
            moved: vec![head("platform", 7), head("school:1/reads", 42)],
        }
    }

    fn restored(lost: Vec<Lost>) -> Checkpoint {
        let backup_of = "2026-11-28T02:00:00Z".parse().unwrap();
        let covers = BTreeMap::from([(Uuid::from_u64_pair(3, 4), 12)]);
        Checkpoint { restore: Some(Restore { reason: "disk failed, decided by E.V.".to_owned(), backup_of, covers, lost }), ..checkpoint() }
    }

    fn lost_rows() -> Vec<Lost> {
        vec![Lost { chain: "platform".to_owned(), from: 8, to: 9 }]
    }

    #[test]
    fn a_checkpoint_survives_its_text() {
        let restored = [lost_rows(), Vec::new()].map(restored);
        let others = [checkpoint(), Checkpoint { previous: None, moved: Vec::new(), ..checkpoint() }];
        for written in others.into_iter().chain(restored) {
            assert_eq!(Checkpoint::parse(&written.text()), Some(written));
        }
    }

    #[test]
    fn the_text_of_a_checkpoint_stays_as_it_is() {
        insta::assert_snapshot!(checkpoint().text(), @r"
        schildwacht.be/audit/identity/00000000-0000-0001-0000-000000000002
        3
        BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=
        time 2026-11-29T17:00:00.000001Z
        previous CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=
        head platform 7 BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=
        head school:1/reads 42 BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=
        ");
    }

    #[test]
    fn the_text_of_an_accepted_restore_stays_as_it_is() {
        insta::assert_snapshot!(restored(lost_rows()).text(), @r"
        schildwacht.be/audit/identity/00000000-0000-0001-0000-000000000002
        3
        BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=
        time 2026-11-29T17:00:00.000001Z
        previous CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=
        restored 2026-11-28T02:00:00.000000Z disk failed, decided by E.V.
        covers 00000000-0000-0003-0000-000000000004 12
        lost platform 8 9
        head platform 7 BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=
        head school:1/reads 42 BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=
        ");
    }

    #[test]
    fn a_text_that_is_no_checkpoint_is_refused() {
        let good = checkpoint().text();
        for (from, to) in
            [("schildwacht.be", "elsewhere.be"), ("\n3\n", "\nthree\n"), ("time ", "at "), (" 42 ", " many "), (" 42 ", " 42 and ")]
        {
            assert_eq!(Checkpoint::parse(&good.replacen(from, to, 1)), None, "{from} → {to}");
        }
        assert_eq!(Checkpoint::parse(good.trim_end()), None, "cut off");
    }

    #[test]
    fn the_root_depends_on_every_head() {
        let mut heads = Heads::default();
        let mut roots = vec![heads.root()];
        let Checkpoint { series, number, moved, .. } = checkpoint();
        for moved in moved {
            for head in [moved.clone(), Head { rows: moved.rows + 1, ..moved.clone() }, Head { hash: [8; 32], ..moved }] {
                heads.put(&[head], (series, number));
                roots.push(heads.root());
            }
        }
        let count = roots.len();
        roots.sort_unstable();
        roots.dedup();
        assert_eq!(roots.len(), count);
    }

    #[test]
    fn a_name_that_would_make_a_line_of_its_own_is_not_plain() {
        assert!(is_plain("school:1/reads"));
        for name in ["", "platform 7 x\nhead", "a b", "é"] {
            assert!(!is_plain(name), "{name:?}");
        }
    }
}
