//! The last group of records after a power cut, a bad disk, or a process that was killed; and readers beside retention.

use std::time::SystemTime;

use super::*;
use crate::{
    embedded::cursor::{BEFORE_OPENING, Lane, Lanes},
    topic::Topic,
};

fn open_state(folder: &Path) -> Result<Arc<Partition>, LogError> {
    let options = PartitionOptions { on_damage: OnDamage::Refuse, ..options(folder, 1024 * 1024) };
    recovery::open(options, &Checkpoint::default(), 0).map(Arc::new)
}

fn kept_aside(folder: &Path) -> Vec<PathBuf> {
    files(folder).into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "damaged")).collect()
}

/// Records by offset, and from where to where offsets were gone.
type Read = (Vec<(i64, Record)>, Vec<(i64, i64)>);

fn read_with_gaps(partition: &Arc<Partition>) -> Read {
    let mut cursor = Cursor::new(Arc::clone(partition), 0);
    let mut records = Vec::new();
    while let Some((head, bytes)) = cursor.next().unwrap() {
        records.push((head.offset, frame::record(&bytes).unwrap()));
    }
    (records, cursor.gone().iter().map(|gone| (gone.start, gone.end)).collect())
}

#[test]
fn a_flipped_bit_in_the_last_group_is_set_aside_and_costs_nothing_else() {
    let (folder, file, records, ends) = three_groups();
    let whole = fs::read(&file).unwrap();
    for at in ends[1]..ends[2] {
        let mut flipped = whole.clone();
        flipped[at as usize] ^= 1 << (at % 8);
        leave_only(folder.path(), &file, &flipped);
        let partition = open(folder.path()).unwrap();
        let kept = kept_aside(folder.path());
        assert_eq!(kept.len(), 1, "byte {at} must not pass for a write that was interrupted");
        let bytes = fs::read(&kept[0]).unwrap();
        assert!(bytes.len() as u64 >= ends[2] - at && flipped.ends_with(&bytes), "byte {at} is among what is kept");

        append(&partition, &[record("after", Some("recovery"))], 2);
        let check = |partition: &Arc<Partition>| {
            let (found, gone) = read_with_gaps(partition);
            let (last, before) = found.split_last().unwrap();
            assert!(before.len() >= 6 && *before == records[..before.len()], "byte {at}: {} records", before.len());
            assert_eq!(last.1, record("after", Some("recovery")));
            assert!(last.0 >= 9, "byte {at}: offset {} was given to another record", last.0);
            assert_eq!(gone, [(before.len() as i64, last.0)], "byte {at}: readers are told");
        };
        check(&partition);
        drop(partition);
        check(&open(folder.path()).unwrap());
    }
}

#[test]
fn a_flipped_bit_in_the_last_group_of_a_state_topic_keeps_it_shut_and_says_what_to_do() {
    let (folder, file, _, ends) = three_groups();
    let whole = fs::read(&file).unwrap();
    for at in ends[1]..ends[2] {
        let mut flipped = whole.clone();
        flipped[at as usize] ^= 1 << (at % 8);
        leave_only(folder.path(), &file, &flipped);
        let Err(LogError::Damaged { reason }) = open_state(folder.path()) else {
            panic!("byte {at} passes for a write that was interrupted")
        };
        assert!(reason.contains(".log at byte") && reason.contains("truncate -s"), "{reason}");
        assert_eq!(fs::read(&file).unwrap(), flipped, "nothing is changed");
    }
    fs::write(&file, &whole[..ends[1] as usize]).unwrap();
    assert_eq!(read_all(&open_state(folder.path()).unwrap()).unwrap().len(), 6, "as it says");
}

#[test]
fn damage_that_no_recovery_looks_at_is_set_aside_by_its_first_reader_and_costs_one_record() {
    let (folder, file, records, ends) = three_groups();
    let mut checkpoint = Checkpoint::default();
    checkpoint.note(&open(folder.path()).unwrap());
    let whole = fs::read(&file).unwrap();
    let sizes = records.iter().map(|(_, record)| frame::size(record) as u64);
    let starts: Vec<u64> = sizes.scan(Header::SIZE, |end, size| Some(std::mem::replace(end, *end + size))).chain([ends[2]]).collect();
    for at in Header::SIZE..ends[2] {
        let mut flipped = whole.clone();
        flipped[at as usize] ^= 1 << (at % 8);
        leave_only(folder.path(), &file, &flipped);
        let lost = starts.partition_point(|start| *start <= at) - 1;
        let mut good = records.clone();
        good.remove(lost);
        let gone = vec![(lost as i64, lost as i64 + 1)];

        let partition = open_with(folder.path(), 1024 * 1024, &checkpoint).unwrap();
        let mut reader = Cursor::new(Arc::clone(&partition), 0);
        let read = |reader: &mut Cursor| std::iter::from_fn(|| reader.next().unwrap()).map(|(head, _)| head.offset).collect::<Vec<_>>();
        assert_eq!(read(&mut reader), good.iter().map(|(offset, _)| *offset).collect::<Vec<_>>(), "byte {at}");
        append(&partition, &[record("after", Some("it"))], 2);
        assert_eq!(read(&mut reader), [9], "byte {at}: the reader goes on");
        good.push((9, record("after", Some("it"))));
        assert_eq!(read_with_gaps(&partition), (good.clone(), gone.clone()), "byte {at}: so does another");
        drop(partition);
        let at_the_next_start = open_with(folder.path(), 1024 * 1024, &checkpoint).unwrap();
        assert_eq!(read_with_gaps(&at_the_next_start), (good, gone), "byte {at}");

        let kept = kept_aside(folder.path());
        assert_eq!(kept.len(), 1, "byte {at}");
        assert_eq!(fs::read(&kept[0]).unwrap(), flipped[starts[lost] as usize..starts[lost + 1] as usize], "byte {at}: all of it is kept");
    }
}

#[test]
fn a_closed_segment_whose_header_is_damaged_is_set_aside_whole() {
    let folder = TempDir::new().unwrap();
    let partition = open_with(folder.path(), Header::SIZE + 1, &Checkpoint::default()).unwrap();
    for number in 0..4 {
        append(&partition, &[record("key", Some(&number.to_string()))], 1);
    }
    let of_second = files(folder.path()).remove(1);
    let whole = fs::read(&of_second).unwrap();
    for at in 0..Header::SIZE as usize {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&of_second, &flipped).unwrap();
        let (found, gone) = read_with_gaps(&partition);
        assert_eq!(found.iter().map(|(offset, _)| *offset).collect::<Vec<_>>(), [0, 2, 3], "byte {at}");
        assert_eq!(gone, [(1, 2)], "byte {at}");
        let kept = kept_aside(folder.path());
        assert_eq!(kept.iter().map(|kept| fs::read(kept).unwrap()).collect::<Vec<_>>(), [flipped], "byte {at}: it is kept");
        fs::remove_file(&kept[0]).unwrap();
    }
}

#[test]
fn damage_that_no_recovery_looks_at_is_an_error_in_a_state_topic() {
    let (folder, file, _, ends) = three_groups();
    let mut checkpoint = Checkpoint::default();
    checkpoint.note(&open(folder.path()).unwrap());
    let mut bytes = fs::read(&file).unwrap();
    bytes[ends[1] as usize + 20] ^= 1;
    leave_only(folder.path(), &file, &bytes);
    let options = PartitionOptions { on_damage: OnDamage::Refuse, ..options(folder.path(), 1024 * 1024) };
    let partition = recovery::open(options, &checkpoint, 0).map(Arc::new).unwrap();
    let refused = read_all(&partition).unwrap_err();
    assert!(matches!(&refused, LogError::Damaged { reason } if reason.contains("restore the file from a backup")), "{refused}");
    assert_eq!(kept_aside(folder.path()), [] as [PathBuf; 0]);
}

#[test]
fn a_write_that_was_interrupted_opens_in_every_topic_and_leaves_nothing_behind() {
    let (folder, file, records, ends) = three_groups();
    let whole = fs::read(&file).unwrap();
    let zeros = [whole[..ends[1] as usize].to_vec(), vec![0; 3_000]].concat();
    let half = ends[1] as usize + 20;
    let half_and_zeros = [whole[..half].to_vec(), vec![0; 3_000]].concat();
    for torn in [whole[..half].to_vec(), zeros, half_and_zeros] {
        leave_only(folder.path(), &file, &torn);
        let partition = open_state(folder.path()).unwrap();
        assert_eq!(read_all(&partition).unwrap(), records[..6]);
        assert_eq!(files(folder.path()).len(), 1);
    }
}

#[test]
fn offsets_that_are_missing_between_good_records_are_damage() {
    let (folder, file, records, _) = three_groups();
    let whole = fs::read(&file).unwrap();
    let size = |offset: usize| frame::size(&records[offset].1);
    let of_seventh = Header::SIZE as usize + (0..7).map(size).sum::<usize>();
    let without_it = [&whole[..of_seventh], &whole[of_seventh + size(7)..]].concat();
    leave_only(folder.path(), &file, &without_it);
    assert!(matches!(open_state(folder.path()), Err(LogError::Damaged { reason }) if reason.contains("an offset is missing")));
    let partition = open(folder.path()).unwrap();
    assert_eq!(read_all(&partition).unwrap(), records[..7]);
    assert_eq!(fs::read(&kept_aside(folder.path())[0]).unwrap(), whole[of_seventh + size(7)..]);
    assert!(partition.end() >= 9);
}

#[test]
fn a_crash_while_damage_is_set_aside_is_finished_by_the_next_start() {
    let (folder, file, _, ends) = three_groups();
    let mut bytes = fs::read(&file).unwrap();
    bytes[ends[1] as usize + 20] ^= 1;
    leave_only(folder.path(), &file, &bytes);
    let end = open(folder.path()).unwrap().end();
    assert_eq!(end, 9, "the lengths are good, so it is known how many records there were");
    let new = files(folder.path()).into_iter().find(|file| file.ends_with(format!("{end:020}.log"))).unwrap();
    for before_it_was_cut in [false, true] {
        fs::remove_file(&new).unwrap();
        if before_it_was_cut {
            fs::write(&file, &bytes).unwrap();
        }
        assert_eq!(open(folder.path()).unwrap().end(), end);
        assert!(new.exists());
    }
    assert_eq!(kept_aside(folder.path()).len(), 1);
}

#[test]
fn records_that_nothing_shows_to_be_on_disk_are_written_again_before_they_are_trusted() {
    let (folder, file, records, _) = three_groups();
    let mut checkpoint = Checkpoint::default();
    checkpoint.note(&open(folder.path()).unwrap());
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let opened_with = |checkpoint: &Checkpoint| {
        fs::File::options().append(true).open(&file).unwrap().set_modified(long_ago).unwrap();
        let partition = open_with(folder.path(), 1024 * 1024, checkpoint).unwrap();
        assert_eq!(read_all(&partition).unwrap(), records);
        fs::metadata(&file).unwrap().modified().unwrap() != long_ago
    };
    assert!(opened_with(&Checkpoint::default()), "a flush alone would leave pages where a failed flush left them");
    assert!(!opened_with(&checkpoint), "the checkpoint says that all is on disk");
}

#[test]
fn a_segment_that_retention_removes_before_it_is_opened_is_passed_over() {
    let folder = TempDir::new().unwrap();
    let partition = open_with(folder.path(), Header::SIZE + 1, &Checkpoint::default()).unwrap();
    for number in 0..4 {
        append(&partition, &[record("key", Some(&number.to_string()))], 1);
    }
    let retention = Arc::clone(&partition);
    BEFORE_OPENING.set(Some(Box::new(move || {
        let (oldest, _) = retention.two_oldest().unwrap();
        retention.forget_oldest(&oldest);
        fs::remove_file(&oldest.path).unwrap();
    })));
    let (found, gone) = read_with_gaps(&partition);
    assert_eq!(found.iter().map(|(offset, _)| *offset).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(gone, [(0, 1)]);

    let (listed, _) = partition.two_oldest().unwrap();
    fs::remove_file(&listed.path).unwrap();
    let missing = read_all(&partition).unwrap_err();
    assert!(matches!(&missing, LogError::Damaged { reason } if reason.contains("the file is missing")), "{missing}");
}

#[tokio::test]
async fn a_backlog_in_one_partition_does_not_keep_the_others_waiting() {
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let [busy, quiet] = folders.each_ref().map(|folder| open(folder.path()).unwrap());
    append(&busy, &vec![record("busy", Some("x")); 100], 1);
    append(&quiet, &[record("quiet", Some("x"))], 1);
    let lane =
        |(partition, log): (i32, &Arc<Partition>)| Lane { topic: Topic::TestPlain, partition, cursor: Cursor::new(Arc::clone(log), 0) };
    let mut lanes = Lanes::new([(0, &busy), (1, &quiet)].map(lane).into());
    let partitions =
        async |lanes: &mut Lanes| lanes.read(10).await.unwrap().iter().map(|record| record.position.partition).collect::<Vec<_>>();
    assert_eq!(partitions(&mut lanes).await, [0; 10]);
    assert!(partitions(&mut lanes).await.contains(&1), "the quiet one has its turn");
}
