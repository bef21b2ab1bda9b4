#![cfg(test)]
//! A record that really ends its process, again and again, is set aside; the test starts this very program as the process that dies.

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use bytes::Bytes;
use runtime::{Clock, Ids, Shutdown, Tasks};
use schildwacht_events::{
    AddInbox, Consumer, ConsumerConfig, Delivered, EmbeddedConfig, EmbeddedLog, EventLog as _, HandleError, Handler, LogHandle, Record,
    Rejected, Topic,
    delivery::dead_letter::{self, Filter},
};
use storage::{Database, DatabaseConfig, Paging, Txn};
use testkit::{Child, PATIENCE, eventually};

const FOLDER: &str = "SCHILDWACHT_TEST_FOLDER";
const CONSUMER: &str = "mortal";
const RECORDS: [&str; 3] = ["before", "die", "behind"];

/// Ends the process when it is told to.
struct Mortal;

impl Handler for Mortal {
    type Batch = ();

    async fn handle(&self, _txn: &Txn, (): &mut (), delivered: &Delivered) -> Result<Vec<Rejected>, HandleError> {
        if delivered.record.value.as_deref() == Some(b"die") {
            std::process::abort();
        }
        Ok(Vec::new())
    }
}

async fn database(folder: &Path) -> Database {
    let database = Database::connect(&DatabaseConfig::sqlite(&folder.join("test.db"))).await.unwrap();
    database.migrate(vec![Box::new(AddInbox), Box::new(storage::retention::AddHolds)], &Clock::system()).await.unwrap();
    database
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_that_dies() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = Path::new(&folder);
    let log = EmbeddedLog::open(EmbeddedConfig::new(folder.join("log"))).unwrap();
    let clock = Clock::system();
    let consumer = Consumer {
        name: CONSUMER,
        topics: &[Topic::TestPlain],
        max_batch: 50,
        settings: ConsumerConfig::default(),
        database: database(folder).await,
        log: LogHandle(log.clone()),
        ids: Ids::random(clock.clone()),
        clock,
        handler: Arc::new(Mortal),
    };
    let (tasks, shutdown) = (Tasks::new(), Shutdown::default());
    for member in consumer.members() {
        tasks.spawn("consumer", member.run(shutdown.clone()));
    }
    eventually("all records are done", async || (log.lag(CONSUMER, &[Topic::TestPlain]).await.unwrap() == 0).then_some(())).await;
    shutdown.request();
    tasks.drain(PATIENCE).await.unwrap();
    log.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_aborts_the_process_is_set_aside_after_restarts() {
    if std::env::var(FOLDER).is_ok() {
        return;
    }
    let folder = tempfile::TempDir::new().unwrap();
    let log = EmbeddedLog::open(EmbeddedConfig::new(folder.path().join("log"))).unwrap();
    log.ensure_topics(&Topic::TEST).await.unwrap();
    let record = |text: &'static str| Record {
        key: Bytes::from_static(b"key"),
        headers: Vec::new(),
        value: Some(Bytes::from_static(text.as_bytes())),
    };
    let positions = log.append(Topic::TestPlain, RECORDS.map(record).to_vec()).await.unwrap();
    log.close().await;
    drop(log);

    let mut deaths = 0;
    loop {
        let program = std::env::current_exe().unwrap();
        let mut child = Child::start(Command::new(program).args(["--exact", "the_process_that_dies"]).env(FOLDER, folder.path()));
        let ended = child.end().await;
        if ended.success() {
            break;
        }
        deaths += 1;
        assert!(deaths < 10, "it kills for ever: {}", child.stderr());
    }
    assert_eq!(deaths, 3, "once in company, twice alone");
    let database = database(folder.path()).await;
    let paging = Paging::begin(&(), &(10, String::new()).into()).unwrap();
    let letters = dead_letter::list(&database, CONSUMER, &Filter::default(), &paging).await.unwrap().rows;
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].reason.as_str(), letters[0].position), ("quarantined", positions[1]));
    let log = EmbeddedLog::open(EmbeddedConfig::new(folder.path().join("log"))).unwrap();
    assert_eq!(log.lag(CONSUMER, &[Topic::TestPlain]).await.unwrap(), 0, "what is behind it is done");
    tokio::time::timeout(Duration::from_secs(10), log.close()).await.unwrap();
}
