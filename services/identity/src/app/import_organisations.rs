//! Imports boards, schools and sites from one file: all of it, or nothing and a report of every bad line.

use auth::{Action, Context, Resource};
use bytes::Bytes;
use events::{Topic, outbox};
use runtime::{Error, ErrorKind, Result};
use sha2::{Digest as _, Sha256};
use storage::{
    StoreResult, Txn,
    audit::{self, Chain, Entry},
};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::{
    App,
    keep_check::{NewCheck, keep_all, made},
};
use crate::{
    domain::{
        Check, CheckKind, CheckOutcome, Claimed, School, Subject,
        import::{self, BadLines, Changes, Format, Organisations, Stored},
    },
    outbound::organisation_state,
    store,
};

/// Lines between two words of progress.
const PROGRESS_STEP: u64 = 500;

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// `checking` or `writing`.
    pub phase: &'static str,
    /// Lines done.
    pub lines_read: u64,
    /// Lines there are.
    pub lines_total: u64,
}

/// How an import ended.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// Found in the file.
    pub boards: usize,
    /// Found in the file.
    pub schools: usize,
    /// Found in the file.
    pub sites: usize,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an import.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Written, unless only checking was asked for.
    Good {
        /// Whether it was written.
        written: bool,
        /// Schools that are new.
        created: usize,
        /// Schools that are different.
        updated: usize,
        /// Schools of the file that are as they were.
        unchanged: usize,
    },
    /// Nothing was written.
    Refused(BadLines),
}

/// An import that may go ahead; no other begins before it ends.
#[derive(Debug)]
pub struct Import {
    app: App,
    cx: Context,
    _turn: OwnedSemaphorePermit,
}

impl Import {
    /// The most a file may weigh: ten times all schools there are.
    pub const FILE_AT_MOST: usize = 64 * 1024 * 1024;

    /// Asks for permission and for the turn, before anything is sent.
    pub fn permit(app: &App, cx: Context) -> Result<Self> {
        cx.require(Action::OrganisationImport, Resource::Platform)?;
        let turn =
            app.one_import.clone().try_acquire_owned().map_err(|_| {
                Error::new(ErrorKind::Unavailable, "import_running", "another import is running; try again when it has ended")
            })?;
        Ok(Self { app: app.clone(), cx, _turn: turn })
    }

    /// Checks the file and, unless told not to, writes it. Progress that nobody takes in time is left out.
    pub async fn run(self, format: Format, validate_only: bool, file: Bytes, progress: mpsc::Sender<Progress>) -> Result<ImportReport> {
        let lines_total = import::count_lines(&file);
        let fingerprint = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let checked = {
            let progress = progress.clone();
            tokio::task::spawn_blocking(move || check(format, &file, lines_total, &progress)).await.map_err(Error::internal)?
        };
        let organisations = match checked {
            Ok(organisations) => organisations,
            Err(bad_lines) => {
                self.app.metrics.import_ended("refused");
                return Ok(ImportReport { boards: 0, schools: 0, sites: 0, outcome: Outcome::Refused(bad_lines) });
            }
        };
        // Nobody listening is no reason to stop.
        let _unheard = progress.try_send(Progress { phase: "writing", lines_read: lines_total, lines_total });
        let changes = self.write(&organisations, validate_only, fingerprint).await?;
        self.app.metrics.import_ended(if validate_only { "validated" } else { "imported" });
        Ok(ImportReport {
            boards: organisations.boards.len(),
            schools: organisations.schools.len(),
            sites: organisations.site_count(),
            outcome: Outcome::Good {
                written: !validate_only,
                created: changes.created.len(),
                updated: changes.updated.len(),
                unchanged: changes.unchanged,
            },
        })
    }

    async fn write(&self, organisations: &Organisations, validate_only: bool, fingerprint: String) -> Result<Changes> {
        let txn = self.app.database.begin().await?;
        store::school::lock(&txn).await?;
        let stored = Stored::new(store::school::all_boards(&txn).await?, store::school::all(&txn).await?);
        let changes = Changes::between(stored, organisations, &self.cx.ids);
        if validate_only {
            txn.roll_back().await?;
            return Ok(changes);
        }

        let known: Vec<Subject> = changes.updated.iter().map(|school| Subject::School(school.id)).collect();
        store::enrolment::lock(&txn, &known).await?;
        store::school::save_boards(&txn, &changes.boards).await?;
        for board in &changes.boards {
            let resource = format!("board:{}", board.id);
            self.record(&txn, Chain::Board(board.id), resource, serde_json::json!({ "change": "saved" })).await?;
        }
        for (schools, change) in [(&changes.created, "created"), (&changes.updated, "updated")] {
            store::school::save(&txn, schools).await?;
            for school in schools {
                let contacts = store::contact::of_school(&*txn, school.id).await?;
                outbox::add(&txn, Topic::Organisation, organisation_state(&self.cx, school, &contacts)).await?;
                let resource = format!("school:{}", school.id);
                self.record(&txn, Chain::School(school.id), resource, serde_json::json!({ "change": change })).await?;
            }
            keep_all(&txn, self.in_register(schools, &fingerprint)).await?;
        }
        let detail = serde_json::json!({
            "file_sha256": fingerprint,
            "created": changes.created.len(),
            "updated": changes.updated.len(),
            "unchanged": changes.unchanged,
        });
        self.record(&txn, Chain::Platform, "organisations".to_owned(), detail).await?;
        txn.commit().await?;
        Ok(changes)
    }

    /// That these schools are in the register; the file is in the audit row of the whole import.
    fn in_register(&self, schools: &[School], fingerprint: &str) -> Vec<(Claimed, Vec<Check>)> {
        let check = |school: &School| {
            let new = NewCheck {
                change: "in_register",
                kind: CheckKind::SchoolRegister,
                value: school.number.to_string(),
                until: None,
                evidence: serde_json::json!({ "file_sha256": fingerprint }),
                outcome: CheckOutcome::Passed,
                reason: "imported".to_owned(),
            };
            (Claimed::from(school), vec![made(&self.cx, Subject::School(school.id), new)])
        };
        schools.iter().map(check).collect()
    }

    async fn record(&self, txn: &Txn, chain: Chain, resource: String, detail: serde_json::Value) -> StoreResult<()> {
        let entry = Entry { action: Action::OrganisationImport, resource, detail };
        audit::append(txn, &self.cx, chain, entry).await?;
        Ok(())
    }
}

fn check(format: Format, file: &[u8], lines_total: u64, progress: &mpsc::Sender<Progress>) -> Result<Organisations, BadLines> {
    let mut next = 0;
    import::read(format, file, &mut |line| {
        if line >= next {
            next = line + PROGRESS_STEP;
            let _unheard = progress.try_send(Progress { phase: "checking", lines_read: line, lines_total });
        }
    })
}
