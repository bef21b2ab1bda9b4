//! A database with chains, and a process that makes checkpoints of it.

use std::{path::Path, sync::Arc, time::Duration};

use auth::{Action, Context};
use runtime::{Clock, Ids, SchoolId};
use schildwacht_storage::{
    Database,
    audit::{
        self, AddAuditTrail, Chain, ChainReport, Checkpointing, Checkpoints, Entry, FileAnchor, Finding, History, Made, PublicKey,
        SharedAnchor, SigningKey,
    },
};
use tempfile::TempDir;
use testkit::{TestDatabase, person};

pub const SERVICE: &str = "incident-intake";

pub fn school() -> Chain {
    Chain::School(SchoolId::from(uuid::Uuid::from_u128(1)))
}

/// The name of [`school`].
pub const SCHOOL: &str = "school:00000000-0000-0000-0000-000000000001";

/// Longer than any machine needs.
const RESTORES_WITHIN: Duration = Duration::from_secs(600);

pub struct World {
    pub service: &'static str,
    pub restores_within: Duration,
    pub database: Database,
    pub key: Arc<SigningKey>,
    pub trusted: Vec<PublicKey>,
    pub folder: TempDir,
    checkpoints: Checkpoints,
}

impl World {
    /// With an empty audit trail, as somebody with the database.
    pub async fn open(database: &TestDatabase) -> Self {
        Self::of(database.owned(vec![Box::new(AddAuditTrail)]).await)
    }

    /// Of a database that is there.
    pub fn of(database: Database) -> Self {
        let key = Arc::new(new_key());
        let (trusted, folder) = (vec![key.public()], TempDir::new().unwrap());
        let file = FileAnchor::of_service(folder.path(), SERVICE);
        let checkpoints = maker(SERVICE, &database, &key, &trusted, file, RESTORES_WITHIN, Vec::new());
        Self { service: SERVICE, restores_within: RESTORES_WITHIN, database, key, trusted, folder, checkpoints }
    }

    /// With a chain of three rows at a school, and two of the platform.
    pub async fn with_rows(database: &TestDatabase) -> Self {
        let world = Self::open(database).await;
        world.append(school(), 3).await;
        world.append(Chain::Platform, 2).await;
        world
    }

    pub async fn append(&self, chain: Chain, rows: usize) {
        append(&self.database, &somebody(), chain, rows).await;
    }

    pub async fn checkpoint(&self) -> Made {
        self.checkpoints.make().await.unwrap()
    }

    pub fn maker(&self) -> &Checkpoints {
        &self.checkpoints
    }

    /// The process ends, and another begins on the same folder.
    pub fn restart(&mut self) {
        self.checkpoints = self.maker_with(Vec::new());
    }

    /// Another process, that keeps its checkpoints in further places too.
    pub fn maker_with(&self, further: Vec<SharedAnchor>) -> Checkpoints {
        self.another_process(self.folder.path(), further)
    }

    /// One with a folder of its own, as a replica has.
    pub fn another_process(&self, folder: &Path, further: Vec<SharedAnchor>) -> Checkpoints {
        let file = FileAnchor::of_service(folder, self.service);
        maker(self.service, &self.database, &self.key, &self.trusted, file, self.restores_within, further)
    }

    pub fn file(&self) -> SharedAnchor {
        self.file_in(self.folder.path())
    }

    pub fn file_in(&self, folder: &Path) -> SharedAnchor {
        Arc::new(FileAnchor::of_service(folder, self.service))
    }

    pub fn path(&self) -> std::path::PathBuf {
        self.folder.path().join(format!("{}.checkpoints", self.service))
    }

    pub async fn history(&self) -> History {
        History::read(self.service, &[self.file()], &self.trusted).await.unwrap()
    }

    pub async fn reports(&self) -> Vec<ChainReport> {
        audit::examine(&self.database, &self.history().await, None).await.unwrap()
    }

    /// What is found in the chains.
    pub async fn findings(&self) -> Vec<(String, Finding)> {
        let reports = self.reports().await;
        reports.into_iter().flat_map(|report| report.findings.into_iter().map(move |finding| (report.chain.clone(), finding))).collect()
    }

    /// The findings as text, by chain, without the checkpoints' names.
    pub async fn said(&self) -> Vec<String> {
        self.findings().await.into_iter().map(|(chain, finding)| format!("{chain}: {}", plain(&finding))).collect()
    }
}

/// As people read it, without the name of a checkpoint, which is another each time.
pub fn plain(finding: &Finding) -> String {
    let text = finding.to_string();
    let Some((before, rest)) = text.split_once(" (series ") else { return text };
    let after = rest.split_once(')').map_or("", |(_, after)| after);
    let number = before.rsplit_once(" of 20").map_or(before, |(number, _at)| number);
    format!("{number}{after}")
}

pub fn new_key() -> SigningKey {
    SigningKey::from_pem(&SigningKey::new_pem().unwrap()).unwrap()
}

fn maker(
    service: &'static str,
    database: &Database,
    key: &Arc<SigningKey>,
    trusted: &[PublicKey],
    file: FileAnchor,
    restores_within: Duration,
    further: Vec<SharedAnchor>,
) -> Checkpoints {
    Checkpoints::new(Checkpointing {
        service,
        database: database.clone(),
        key: Arc::clone(key),
        trusted: trusted.to_vec(),
        file,
        further,
        restores_within,
        clock: Clock::system(),
        ids: Ids::random(Clock::system()),
    })
}

pub fn somebody() -> Context {
    testkit::context(person(1, &[]), Clock::system())
}

pub async fn append(database: &Database, cx: &Context, chain: Chain, rows: usize) {
    for _ in 0..rows {
        let txn = database.begin().await.unwrap();
        let entry = Entry { action: Action::CaseNote, resource: "case:1".into(), detail: serde_json::json!({ "to": "containment" }) };
        audit::append(&txn, cx, chain, entry).await.unwrap();
        txn.commit().await.unwrap();
    }
}
