#![cfg(test)]
//! Processes that end badly: killed in the middle of writing, or on a full disk. Nothing acknowledged is lost, nothing is damaged.
//!
//! The tests start this very program again as the process that suffers; it reports what was acknowledged on its output.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use schildwacht_events::{Delivered, EmbeddedConfig, EmbeddedLog, EventLog, LogError, Record, TailFrom, Topic};
use tempfile::TempDir;
use tokio::task::JoinSet;

const FOLDER: &str = "SCHILDWACHT_TEST_FOLDER";
const RUN: &str = "SCHILDWACHT_TEST_RUN";
const WRITERS: usize = 8;
const RUNS: usize = 6;

fn config(folder: &Path) -> EmbeddedConfig {
    EmbeddedConfig { segment_bytes: 64 * 1024, ..EmbeddedConfig::new(folder) }
}

fn record(key: &str, value: String, filler: usize) -> Record {
    let headers = vec![("filler".to_owned(), Bytes::from(vec![b'.'; filler]))];
    Record { key: Bytes::copy_from_slice(key.as_bytes()), headers, value: Some(Bytes::from(value)) }
}

fn value(delivered: &Delivered) -> String {
    String::from_utf8(delivered.record.value.clone().unwrap().to_vec()).unwrap()
}

fn report(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}

/// The process that is killed: writes, consumes, compacts and closes segments as fast as it can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_that_suffers() {
    let (Ok(folder), Ok(run)) = (std::env::var(FOLDER), std::env::var(RUN)) else { return };
    let log = EmbeddedLog::open(config(Path::new(&folder))).unwrap();
    log.ensure_topics(&Topic::TEST).await.unwrap();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (log, run) = (Arc::clone(&log), run.clone());
        writers.spawn(async move {
            for number in 0.. {
                let value = format!("{run}.{writer}.{number}");
                // Some records are small, some are written in place, so that writes are torn at all kinds of places.
                let records = vec![record(&format!("writer-{writer}"), value.clone(), (number * 977) % 6_000)];
                let positions = log.append(Topic::TestPlain, records).await.unwrap();
                report(&format!("plain {} {} {value}", positions[0].partition, positions[0].offset));
                if number % 10 == 0 {
                    let state = vec![record(&format!("state-{writer}"), value.clone(), 200)];
                    log.append(Topic::TestCompacted, state).await.unwrap();
                    report(&format!("state {writer} 0 {value}"));
                }
            }
        });
    }
    let mut subscription = log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    loop {
        let records = subscription.next(50, Duration::from_millis(20)).await.unwrap();
        let done: Vec<_> = records.iter().map(|record| record.position).collect();
        subscription.commit(&done).await.unwrap();
        for position in done {
            report(&format!("commit {} {} x", position.partition, position.offset));
        }
        log.maintain(SystemTime::now() + Duration::from_secs(2 * 60 * 60)).await.unwrap();
        assert!(writers.try_join_next().is_none(), "a writer has ended");
    }
}

/// Starts the process that suffers and answers its reports.
fn start(test: &str, folder: &Path, run: usize, through: Option<&str>) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = match through {
        None => Command::new(program),
        Some(script) => {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]).arg(program);
            shell
        }
    };
    command.args(["--exact", test, "--nocapture"]).env(FOLDER, folder).env(RUN, run.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap()
}

/// What the process said was acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// By partition and offset.
    plain: BTreeMap<(i32, i64), String>,
    /// By key.
    state: BTreeMap<String, String>,
    /// By partition: the last offset that the group had done.
    committed: BTreeMap<i32, i64>,
}

impl Acknowledged {
    fn note(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["plain", partition, offset, value] => {
                let before = self.plain.insert((partition.parse().unwrap(), offset.parse().unwrap()), value.to_owned());
                assert_eq!(before, None, "one place was acknowledged twice");
            }
            ["state", writer, _, value] => drop(self.state.insert(format!("state-{writer}"), value.to_owned())),
            ["commit", partition, offset, _] => drop(self.committed.insert(partition.parse().unwrap(), offset.parse().unwrap())),
            _ => {}
        }
    }
}

async fn read_all(log: &EmbeddedLog, topic: Topic) -> Vec<Delivered> {
    let mut tail = log.tail(topic, TailFrom::Start).await.unwrap();
    let mut records = Vec::new();
    while !tail.caught_up() {
        records.extend(tail.next(1_000, Duration::from_millis(100)).await.unwrap());
    }
    records
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_loses_nothing_acknowledged() {
    if std::env::var(FOLDER).is_ok() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut acknowledged = Acknowledged::default();
    for run in 0..RUNS {
        let mut child = start("the_process_that_suffers", folder.path(), run, None);
        let enough = 300 + run * 171;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.by_ref().take(enough * 2) {
            acknowledged.note(&line.unwrap());
        }
        // SIGKILL, while its threads write.
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had said before it died counts too; a line may be cut off.
        let rest: Vec<String> = lines.map_while(Result::ok).collect();
        let whole = rest.len().saturating_sub(1);
        rest[..whole].iter().for_each(|line| acknowledged.note(line));
    }
    assert!(acknowledged.plain.len() > 500, "only {} records were acknowledged", acknowledged.plain.len());

    let log = EmbeddedLog::open(config(folder.path())).unwrap();
    let found = read_all(&log, Topic::TestPlain).await;
    let by_place: BTreeMap<(i32, i64), String> =
        found.iter().map(|record| ((record.position.partition, record.position.offset), value(record))).collect();
    assert_eq!(by_place.len(), found.len(), "every place is there once");
    for (place, value) in &acknowledged.plain {
        assert_eq!(by_place.get(place), Some(value), "acknowledged at {place:?}");
    }

    let mut last: BTreeMap<Bytes, Vec<usize>> = BTreeMap::new();
    for record in &found {
        let number: Vec<usize> = value(record).split('.').map(|part| part.parse().unwrap()).collect();
        let before = last.insert(record.record.key.clone(), number.clone());
        assert!(before.is_none_or(|before| before < number), "records of a key keep their order");
    }

    let states = read_all(&log, Topic::TestCompacted).await;
    let in_order = |value: &str| value.split('.').map(|part| part.parse().unwrap()).collect::<Vec<usize>>();
    for (key, acknowledged) in &acknowledged.state {
        let last = states.iter().rfind(|record| record.record.key == key).map(value).unwrap();
        // The very last one may have been written without the word getting out.
        assert!(in_order(&last) >= in_order(acknowledged), "{key}: {last} is older than {acknowledged}");
    }

    let mut subscription = log.subscribe("group", &[Topic::TestPlain]).await.unwrap();
    let mut first: BTreeMap<i32, i64> = BTreeMap::new();
    loop {
        let records = subscription.next(1_000, Duration::from_millis(100)).await.unwrap();
        if records.is_empty() {
            break;
        }
        for record in records {
            first.entry(record.position.partition).or_insert(record.position.offset);
        }
    }
    for (partition, done) in &acknowledged.committed {
        assert!(first.get(partition).is_none_or(|first| first > done), "what was committed in partition {partition} is not repeated");
    }
    assert!(!acknowledged.committed.is_empty());
}

/// The process whose disk is full: the shell that starts it bounds the size of its files.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_on_a_full_disk() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let log = EmbeddedLog::open(EmbeddedConfig::new(folder)).unwrap();
    log.ensure_topics(&Topic::TEST).await.unwrap();
    for number in 0.. {
        // A large record with two small ones: none of the three may be left behind when they do not fit.
        let records = vec![record("key", format!("a{number}"), 10), record("key", format!("b{number}"), 30_000)];
        match log.append(Topic::TestPlain, records).await {
            Ok(positions) => {
                report(&format!("plain {} {} a{number}", positions[0].partition, positions[0].offset));
                report(&format!("plain {} {} b{number}", positions[1].partition, positions[1].offset));
            }
            Err(LogError::Unavailable { reason }) => {
                report(&format!("full {reason}"));
                break;
            }
            Err(other) => panic!("{other}"),
        }
    }
    log.check().await.unwrap();
    for number in 0..3 {
        let positions = log.append(Topic::TestPlain, vec![record("key", format!("c{number}"), 10)]).await.unwrap();
        report(&format!("plain {} {} c{number}", positions[0].partition, positions[0].offset));
    }
    log.append(Topic::TestCompacted, vec![record("key", "elsewhere".to_owned(), 10)]).await.unwrap();
    report("over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_whole_appends_and_the_log_goes_on() {
    if std::env::var(FOLDER).is_ok() {
        return;
    }
    let folder = TempDir::new().unwrap();
    // Beyond the bound a write fails as on a full disk, once the signal is ignored.
    let bounded = r#"trap "" XFSZ; ulimit -f 1000; exec "$0" "$@""#;
    let mut child = start("the_process_on_a_full_disk", folder.path(), 0, Some(bounded));
    let mut acknowledged = Acknowledged::default();
    let mut told = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        acknowledged.note(&line);
        told.push(line);
    }
    assert!(child.wait().unwrap().success(), "{told:?}");
    assert!(told.iter().any(|line| line.starts_with("full cannot write")), "{told:?}");
    assert!(told.iter().any(|line| line == "over"));

    let log = EmbeddedLog::open(EmbeddedConfig::new(folder.path())).unwrap();
    let found = read_all(&log, Topic::TestPlain).await;
    let found: BTreeMap<(i32, i64), String> =
        found.iter().map(|record| ((record.position.partition, record.position.offset), value(record))).collect();
    assert_eq!(found, acknowledged.plain, "what was acknowledged and nothing else");
    assert_eq!(read_all(&log, Topic::TestCompacted).await.len(), 1);
}
