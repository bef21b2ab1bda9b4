//! A database with chains, and a process that makes checkpoints of it.

use std::{path::Path, sync::Arc};

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

pub struct World {
    pub database: Database,
    pub key: Arc<SigningKey>,
    pub trusted: Vec<PublicKey>,
    pub folder: TempDir,
    checkpoints: Checkpoints,
}

impl World {
    /// With an empty audit trail.
    pub async fn open(database: &TestDatabase) -> Self {
        Self::of(database.migrated(vec![Box::new(AddAuditTrail)]).await)
    }

    /// Of a database that is there.
    pub fn of(database: Database) -> Self {
        let key = Arc::new(new_key());
        let (trusted, folder) = (vec![key.public()], TempDir::new().unwrap());
        let checkpoints = maker(&database, &key, &[], folder.path(), Vec::new());
        Self { database, key, trusted, folder, checkpoints }
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
        self.checkpoints = maker(&self.database, &self.key, &self.trusted, self.folder.path(), Vec::new());
    }

    pub fn file(&self) -> SharedAnchor {
        Arc::new(FileAnchor::of_service(self.folder.path(), SERVICE))
    }

    pub fn path(&self) -> std::path::PathBuf {
        self.folder.path().join(format!("{SERVICE}.checkpoints"))
    }

    pub async fn history(&self) -> History {
        History::read(SERVICE, &[self.file()], &self.trusted).await.unwrap()
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

pub fn maker(database: &Database, key: &Arc<SigningKey>, trusted: &[PublicKey], folder: &Path, further: Vec<SharedAnchor>) -> Checkpoints {
    Checkpoints::new(Checkpointing {
        service: SERVICE,
        database: database.clone(),
        key: Arc::clone(key),
        trusted: trusted.to_vec(),
        file: FileAnchor::of_service(folder, SERVICE),
        further,
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
