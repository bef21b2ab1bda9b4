//! Promises of a partition that only show from within: recovery, compaction, retention, and what a failed flush does.

mod recovering;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tempfile::TempDir;

use super::{
    compaction::{Compacted, compact},
    cursor::Cursor,
    disk::{FOLDER_FLUSHES_TO_FAIL, WriteFailure},
    frame,
    partition::{OnDamage, Partition, PartitionOptions},
    recovery::{self, Checkpoint},
    segment::Header,
};
use crate::log::{LogError, Record};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

fn options(folder: &Path, segment_bytes: u64) -> PartitionOptions {
    let (label, folder, syncs) = ("test/0".to_owned(), folder.to_owned(), Arc::new(AtomicU64::new(0)));
    PartitionOptions { label, folder, segment_bytes, on_damage: OnDamage::SetAside, syncs }
}

fn open_with(folder: &Path, segment_bytes: u64, checkpoint: &Checkpoint) -> Result<Arc<Partition>, LogError> {
    recovery::open(options(folder, segment_bytes), checkpoint, 0).map(Arc::new)
}

fn open(folder: &Path) -> Result<Arc<Partition>, LogError> {
    open_with(folder, 1024 * 1024, &Checkpoint::default())
}

fn record(key: &str, value: Option<&str>) -> Record {
    Record {
        key: Bytes::copy_from_slice(key.as_bytes()),
        headers: vec![("kind".to_owned(), Bytes::from_static(b"test"))],
        value: value.map(|value| Bytes::copy_from_slice(value.as_bytes())),
    }
}

/// Writes records as one group and waits for the disk.
fn append(partition: &Partition, records: &[Record], now_micros: i64) {
    partition.write(records.iter(), now_micros).unwrap();
    partition.settle().unwrap();
}

fn read_all(partition: &Arc<Partition>) -> Result<Vec<(i64, Record)>, LogError> {
    read_from(partition, partition.start())
}

fn read_from(partition: &Arc<Partition>, offset: i64) -> Result<Vec<(i64, Record)>, LogError> {
    let mut cursor = Cursor::new(Arc::clone(partition), offset);
    let mut records = Vec::new();
    while let Some((head, bytes)) = cursor.next()? {
        records.push((head.offset, frame::record(&bytes).unwrap()));
    }
    Ok(records)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Leaves nothing in the folder but this file.
fn leave_only(folder: &Path, file: &Path, content: &[u8]) {
    files(folder).iter().for_each(|file| fs::remove_file(file).unwrap());
    fs::write(file, content).unwrap();
}

/// Three groups of records in one file, and where in it each group ends.
fn three_groups() -> (TempDir, PathBuf, Vec<(i64, Record)>, Vec<u64>) {
    let folder = TempDir::new().unwrap();
    let partition = open(folder.path()).unwrap();
    let mut ends = Vec::new();
    for group in ["first", "second", "third"] {
        append(&partition, &[record(group, Some("one")), record(group, None), record(group, Some("three"))], 1);
        ends.push(partition.bytes());
    }
    let records = read_all(&partition).unwrap();
    let file = files(folder.path()).remove(0);
    (folder, file, records, ends)
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_to_whole_records() {
    let (folder, file, records, ends) = three_groups();
    let whole = fs::read(&file).unwrap();
    for length in ends[1]..ends[2] {
        fs::write(&file, &whole[..length as usize]).unwrap();
        let partition = open(folder.path()).unwrap();
        let found = read_all(&partition).unwrap();
        assert!((6..9).contains(&found.len()), "cut at {length}");
        assert_eq!(found, records[..found.len()], "cut at {length}");
        assert_eq!(fs::metadata(&file).unwrap().len(), partition.bytes());

        append(&partition, &[record("after", Some("recovery"))], 2);
        assert_eq!(read_from(&partition, found.len() as i64).unwrap()[0].1, record("after", Some("recovery")));
    }
}

#[test]
fn a_flipped_bit_loses_nothing_that_a_later_write_vouches_for() {
    let (folder, file, records, ends) = three_groups();
    let whole = fs::read(&file).unwrap();
    for at in Header::SIZE..ends[2] {
        let mut flipped = whole.clone();
        flipped[at as usize] ^= 1 << (at % 8);
        leave_only(folder.path(), &file, &flipped);
        let vouched_for = at < ends[1];
        match open(folder.path()) {
            Ok(partition) => {
                assert!(!vouched_for, "byte {at} was acknowledged, and later writes knew");
                let found = read_all(&partition).unwrap();
                assert_eq!(found, records[..found.len()], "byte {at}");
            }
            Err(LogError::Damaged { reason }) => {
                assert!(vouched_for, "nothing says that byte {at} was acknowledged: {reason}");
                assert!(reason.contains(".log at byte"), "{reason}");
            }
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
}

#[test]
fn a_damaged_header_is_reported() {
    let (folder, file, ..) = three_groups();
    let mut bytes = fs::read(&file).unwrap();
    bytes[13] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert!(matches!(open(folder.path()), Err(LogError::Damaged { .. })));
}

#[test]
fn a_file_shorter_than_the_checkpoint_is_damage() {
    let (folder, file, _, ends) = three_groups();
    let mut checkpoint = Checkpoint::default();
    checkpoint.note(&open(folder.path()).unwrap());
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..ends[1] as usize]).unwrap();
    assert!(matches!(open_with(folder.path(), 1024, &checkpoint), Err(LogError::Damaged { .. })));
    fs::remove_file(&file).unwrap();
    assert!(matches!(open_with(folder.path(), 1024, &checkpoint), Err(LogError::Damaged { .. })));
}

#[test]
fn the_checkpoint_spares_the_scan_and_changes_nothing_else() {
    let (folder, _, records, _) = three_groups();
    let partition = open(folder.path()).unwrap();
    let mut checkpoint = Checkpoint::default();
    checkpoint.note(&partition);
    append(&partition, &[record("later", Some("x"))], 1);
    drop(partition);

    let partition = open_with(folder.path(), 1024 * 1024, &checkpoint).unwrap();
    let found = read_all(&partition).unwrap();
    assert_eq!(found[..9], records);
    assert_eq!(found[9], (9, record("later", Some("x"))));
    checkpoint.store(folder.path()).unwrap();
    assert_eq!(Checkpoint::load(folder.path()), checkpoint);
}

#[test]
fn damage_in_a_closed_segment_costs_what_is_damaged_and_a_segment_cut_short_is_told_to_its_reader() {
    let folder = TempDir::new().unwrap();
    let partition = open_with(folder.path(), 200, &Checkpoint::default()).unwrap();
    for number in 0..10 {
        append(&partition, &[record("key", Some(&number.to_string()))], 1);
    }
    let oldest = files(folder.path()).remove(0);
    let whole = fs::read(&oldest).unwrap();

    let mut flipped = whole.clone();
    flipped[Header::SIZE as usize + 50] ^= 1;
    fs::write(&oldest, &flipped).unwrap();
    drop(partition);
    let partition = open(folder.path()).unwrap();
    let offsets: Vec<i64> = read_all(&partition).unwrap().into_iter().map(|(offset, _)| offset).collect();
    assert_eq!(offsets, (1..10).collect::<Vec<_>>(), "set aside, and reading goes on");

    let first_record_only = Header::SIZE as usize + frame::size(&record("key", Some("0")));
    fs::write(&oldest, &whole[..first_record_only]).unwrap();
    drop(partition);
    let partition = open(folder.path()).unwrap();
    assert!(matches!(read_all(&partition), Err(LogError::Damaged { .. })), "a shortened file must not pass for a short one");
}

#[test]
fn reading_may_start_anywhere() {
    let folder = TempDir::new().unwrap();
    let partition = open_with(folder.path(), 300 * 1024, &Checkpoint::default()).unwrap();
    let filler = "x".repeat(5_000);
    for number in 0..200 {
        append(&partition, &[record(&number.to_string(), Some(&filler)), record("small", Some("y"))], 1);
    }
    assert!(partition.closed_segments().len() > 2);
    for partition in [Arc::clone(&partition), open(folder.path()).unwrap()] {
        for offset in (0..=400).step_by(7) {
            let found = read_from(&partition, offset).unwrap();
            assert_eq!(found.len(), 400 - offset as usize);
            assert!(found.iter().zip(offset..).all(|((found, _), wanted)| *found == wanted));
        }
    }
}

#[test]
fn compaction_keeps_the_last_record_of_each_key_through_restarts() {
    let folder = TempDir::new().unwrap();
    let partition = open(folder.path()).unwrap();
    for round in 0..5 {
        let records: Vec<_> = (0..20).map(|key| record(&format!("key-{key}"), Some(&format!("{key}-{round}")))).collect();
        append(&partition, &records, DAY);
        append(&partition, &[record("gone", if round == 4 { None } else { Some("here") })], DAY);
        partition.close_segment_older_than(i64::MAX, DAY).unwrap();
    }
    append(&partition, &[record("key-0", Some("not closed yet"))], DAY);

    let Compacted { before, after } = compact(&partition, 2 * DAY, Duration::from_secs(2 * 24 * 3600)).unwrap().unwrap();
    assert!(after * 4 < before);
    let check = |partition: &Arc<Partition>, tombstone: bool| {
        let found = read_all(partition).unwrap();
        let of =
            |key: &str| found.iter().filter(|(_, record)| record.key == key).map(|(_, record)| record.value.clone()).collect::<Vec<_>>();
        for key in 1..20 {
            assert_eq!(of(&format!("key-{key}")), [Some(Bytes::from(format!("{key}-4")))]);
        }
        assert_eq!(of("key-0").last(), Some(&Some(Bytes::from("not closed yet"))));
        assert_eq!(of("gone"), if tombstone { vec![None] } else { vec![] });
        assert!(found.is_sorted_by_key(|(offset, _)| *offset));
        assert_eq!(partition.end(), 106);
    };
    check(&partition, true);
    check(&open(folder.path()).unwrap(), true);
    assert_eq!(files(folder.path()).len(), 2);

    assert_eq!(compact(&partition, 2 * DAY, Duration::from_secs(2 * 24 * 3600)).unwrap(), None, "there is nothing to do");
    assert!(compact(&partition, 4 * DAY, Duration::from_secs(2 * 24 * 3600)).unwrap().is_some(), "the tombstone's time is over");
    check(&partition, false);
    check(&open(folder.path()).unwrap(), false);
}

#[test]
fn a_crash_between_compaction_and_removal_is_finished_by_the_next_start() {
    let folder = TempDir::new().unwrap();
    let partition = open(folder.path()).unwrap();
    for round in 0..3 {
        append(&partition, &[record("key", Some(&round.to_string()))], DAY);
        partition.close_segment_older_than(i64::MAX, DAY).unwrap();
    }
    let old_files: Vec<_> = files(folder.path()).into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect();
    compact(&partition, DAY, Duration::ZERO).unwrap().unwrap();
    let wanted = read_all(&partition).unwrap();
    assert_eq!(wanted, [(2, record("key", Some("2")))]);
    drop(partition);

    old_files.iter().for_each(|(content, path)| fs::write(path, content).unwrap());
    fs::write(folder.path().join("00000000000000000000.2.log.tmp"), b"half a compaction").unwrap();
    let partition = open(folder.path()).unwrap();
    assert_eq!(read_all(&partition).unwrap(), wanted);
    assert_eq!(files(folder.path()).len(), 2, "the superseded and the temporary files are gone");
}

#[test]
fn a_reader_within_compacted_segments_goes_on_undisturbed() {
    let folder = TempDir::new().unwrap();
    let partition = open(folder.path()).unwrap();
    for round in 0..4 {
        append(&partition, &[record("a", Some(&round.to_string())), record("b", Some(&round.to_string()))], DAY);
        partition.close_segment_older_than(i64::MAX, DAY).unwrap();
    }
    let mut cursor = Cursor::new(Arc::clone(&partition), 0);
    assert_eq!(cursor.next().unwrap().unwrap().0.offset, 0);
    compact(&partition, DAY, Duration::ZERO).unwrap().unwrap();
    append(&partition, &[record("c", Some("new"))], DAY);
    let mut rest = Vec::new();
    while let Some((head, _)) = cursor.next().unwrap() {
        rest.push(head.offset);
    }
    assert_eq!(rest, [1, 6, 7, 8], "the rest of the open file, then what compaction left of the others");
    assert!(!cursor.is_behind());
}

#[test]
fn after_a_failed_flush_nothing_more_is_taken() {
    let folder = TempDir::new().unwrap();
    let partition = open(folder.path()).unwrap();
    append(&partition, &[record("key", Some("kept"))], 1);
    partition.writing().unknown = Some("the disk says no".to_owned());
    let refused = partition.write([record("key", Some("refused"))].iter(), 1);
    assert!(matches!(refused, Err(WriteFailure::Unknown(reason)) if reason == "the disk says no"));
    assert!(matches!(partition.settle(), Err(WriteFailure::Unknown(_))));
    assert_eq!(read_all(&partition).unwrap().len(), 1);
}

#[test]
fn a_segment_that_could_not_be_started_hides_nothing_from_the_next_start() {
    let folder = TempDir::new().unwrap();
    let partition = open_with(folder.path(), 1, &Checkpoint::default()).unwrap();
    append(&partition, &[record("key", Some("first"))], 1);
    FOLDER_FLUSHES_TO_FAIL.set(1);
    append(&partition, &[record("key", Some("second"))], 1);
    assert_eq!(FOLDER_FLUSHES_TO_FAIL.get(), 0, "a segment was due");
    assert_eq!(files(folder.path()).len(), 1);
    let written = read_all(&partition).unwrap();
    assert_eq!(written.len(), 2);
    drop(partition);
    assert_eq!(read_all(&open(folder.path()).unwrap()).unwrap(), written);
}

#[test]
fn when_a_segment_that_could_not_be_started_may_stay_nothing_more_is_taken() {
    let folder = TempDir::new().unwrap();
    let partition = open_with(folder.path(), 1, &Checkpoint::default()).unwrap();
    append(&partition, &[record("key", Some("first"))], 1);
    FOLDER_FLUSHES_TO_FAIL.set(2);
    for _ in 0..2 {
        let refused = partition.write([record("key", Some("second"))].iter(), 1);
        assert!(matches!(refused, Err(WriteFailure::Unknown(_))), "{refused:?}");
    }
    assert_eq!(read_all(&open(folder.path()).unwrap()).unwrap().len(), 1);
}

#[test]
fn readers_see_nothing_that_is_not_on_disk() {
    let folder = TempDir::new().unwrap();
    let partition = open(folder.path()).unwrap();
    partition.write([record("key", Some("value"))].iter(), 1).unwrap();
    assert_eq!(read_all(&partition).unwrap(), []);
    let syncs = partition.options.syncs.load(Ordering::Relaxed);
    partition.settle().unwrap();
    partition.settle().unwrap();
    assert_eq!(read_all(&partition).unwrap().len(), 1);
    assert_eq!(partition.options.syncs.load(Ordering::Relaxed), syncs + 1, "nothing new needs no flush");
}
