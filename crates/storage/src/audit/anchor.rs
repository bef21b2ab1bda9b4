//! Where checkpoints are kept, outside the database: a file, and for replicas in production also a topic of the event log
//! (`events::CheckpointTopic`).

use std::{
    fmt,
    fs::{self, File, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;

use super::{checkpoint::ORIGIN, note};

/// Bytes of the line of a signature, with room.
const LONGEST_SIGNATURE: u64 = 512;

/// Why checkpoints were not kept or read.
#[derive(Debug, thiserror::Error)]
#[error("checkpoints at {place}: {problem}")]
pub struct AnchorError {
    place: String,
    problem: String,
}

impl AnchorError {
    /// Of this place.
    pub fn new(place: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self { place: place.to_string(), problem: problem.to_string() }
    }
}

/// A place outside the database. What was kept there is never changed.
#[async_trait]
pub trait Anchor: Send + Sync {
    /// For operators: `file /data/audit/identity.checkpoints`.
    fn place(&self) -> String;

    /// Keeps a signed note; returns when it is durable. The same note may come twice.
    async fn keep(&self, note: &str) -> Result<(), AnchorError>;

    /// Hands out all notes of this place, oldest first, and what is there beside them, as it is.
    async fn read(&self, each: &mut (dyn for<'n> FnMut(&'n str) + Send)) -> Result<(), AnchorError>;
}

/// As holders of several have them.
pub type SharedAnchor = Arc<dyn Anchor>;

/// A file that grows. Only its owner may read it: it tells how much happens at which school.
#[derive(Debug, Clone)]
pub struct FileAnchor {
    file: PathBuf,
    /// Of the process that writes there; released with the handle, also when the process is killed.
    _lock: Option<Arc<File>>,
}

impl FileAnchor {
    /// The file of a service in a folder.
    pub fn of_service(folder: &Path, service: &str) -> Self {
        Self { file: folder.join(format!("{service}.checkpoints")), _lock: None }
    }

    /// The same for the process that writes there, which must be one: two would continue the same series, each in its way.
    ///
    /// # Errors
    /// When another process writes there, or the folder cannot be written.
    pub fn locked(self) -> Result<Self, AnchorError> {
        let failed = |error: io::Error| AnchorError::new(self.place(), &error);
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let lock =
            File::options().create(true).write(true).truncate(false).mode(0o600).open(self.file.with_extension("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: Some(Arc::new(lock)), ..self }),
            Err(TryLockError::WouldBlock) => {
                Err(failed(io::Error::other("another process keeps its checkpoints there; give each process a folder of its own")))
            }
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    fn failed(&self, error: &io::Error) -> AnchorError {
        AnchorError::new(self.place(), error)
    }
}

#[async_trait]
impl Anchor for FileAnchor {
    fn place(&self) -> String {
        format!("file {}", self.file.display())
    }

    async fn keep(&self, note: &str) -> Result<(), AnchorError> {
        let (file, note) = (self.file.clone(), note.to_owned());
        let kept = tokio::task::spawn_blocking(move || append(&file, &note)).await;
        kept.map_err(io::Error::other).flatten().map_err(|error| self.failed(&error))
    }

    async fn read(&self, each: &mut (dyn for<'n> FnMut(&'n str) + Send)) -> Result<(), AnchorError> {
        let file = self.file.clone();
        let text = tokio::task::spawn_blocking(move || fs::read(file)).await;
        let text = match text.map_err(io::Error::other).flatten() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            text => text.map_err(|error| self.failed(&error))?,
        };
        // What comes after the last whole note is being written, or was when the machine stopped.
        for piece in pieces(&text).0 {
            each(&String::from_utf8_lossy(piece));
        }
        Ok(())
    }
}

fn append(path: &Path, note: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let is_new = !path.exists();
    let mut file = File::options().create(true).read(true).append(true).mode(0o600).open(path)?;
    if !ends_whole(&mut file)? {
        // A note that a crash cut off would swallow this one.
        let text = fs::read(path)?;
        let kept = text.len() - pieces(&text).1.len();
        file.set_len(kept as u64)?;
        if kept > 0 && !text[..kept].ends_with(b"\n") {
            file.write_all(b"\n")?;
        }
    }
    file.write_all(note.as_bytes())?;
    file.sync_all()?;
    if is_new { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Splits a file into notes and what is between them, and a note at the end that is not (or not any more) whole. A note begins with its
/// origin and ends with its signature.
fn pieces(file: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let (mut pieces, mut begin, mut at) = (Vec::new(), 0, 0);
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(ORIGIN.as_bytes()) && begin < at {
            pieces.push(&file[begin..at]);
            begin = at;
        }
        at += line.len();
        if note::is_signature(line) && line.ends_with(b"\n") {
            pieces.push(&file[begin..at]);
            begin = at;
        }
    }
    let rest = &file[begin..];
    let is_begun = rest.starts_with(ORIGIN.as_bytes()) || ORIGIN.as_bytes().starts_with(rest);
    if is_begun {
        return (pieces, rest);
    }
    pieces.push(rest);
    (pieces, &[])
}

/// Whether nothing was written yet, or the last line is that of a signature.
fn ends_whole(file: &mut File) -> io::Result<bool> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_SIGNATURE)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    let Some(line) = end.strip_suffix(b"\n") else { return Ok(length == 0) };
    let begin = line.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    Ok(note::is_signature(&line[begin..]))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::audit::SigningKey;

    fn note(key: &SigningKey, number: u8) -> String {
        key.sign(&format!("{ORIGIN}identity/series\n{number}\n"))
    }

    async fn read(anchor: &FileAnchor) -> Vec<String> {
        let mut notes = Vec::new();
        anchor.read(&mut |note| notes.push(note.to_owned())).await.unwrap();
        notes
    }

    #[tokio::test]
    async fn what_was_kept_is_read_in_order_and_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let anchor = FileAnchor::of_service(&folder.path().join("audit"), "identity");
        assert_eq!(read(&anchor).await, [""; 0]);
        let key = SigningKey::from_pem(&SigningKey::new_pem().unwrap()).unwrap();
        let notes = [note(&key, 1), note(&key, 2)];
        for note in &notes {
            anchor.keep(note).await.unwrap();
        }
        assert_eq!(read(&anchor).await, notes);
        assert_eq!(fs::metadata(&anchor.file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_note_that_a_crash_cut_off_swallows_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let anchor = FileAnchor::of_service(folder.path(), "identity");
        let key = SigningKey::from_pem(&SigningKey::new_pem().unwrap()).unwrap();
        let notes = [note(&key, 1), note(&key, 2)];
        for before in [1, 0] {
            for cut in 1..notes[before].len() {
                // Also within the dash, which takes three bytes.
                fs::write(&anchor.file, [notes[..before].concat().as_bytes(), &notes[before].as_bytes()[..cut]].concat()).unwrap();
                anchor.keep(&notes[before]).await.unwrap();
                assert_eq!(read(&anchor).await, notes[..=before], "cut after {cut} bytes of note {}", before + 1);
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_note_swallows_none_before_and_after_it() {
        let key = SigningKey::from_pem(&SigningKey::new_pem().unwrap()).unwrap();
        let notes = [note(&key, 1), note(&key, 2)];
        let cut_off = &note(&key, 3)[..60];
        for junk in [b"hello\n".as_slice(), b"hello", b"\xff\x00\n\n\xfe", "hello\n\n\u{2014} x\n".as_bytes()] {
            let folder = tempfile::tempdir().unwrap();
            let anchor = FileAnchor::of_service(folder.path(), "identity");
            anchor.keep(&notes[0]).await.unwrap();
            let file = [&fs::read(&anchor.file).unwrap(), junk].concat();
            fs::write(&anchor.file, &file).unwrap();
            assert_eq!(read(&anchor).await[1].trim_end(), String::from_utf8_lossy(junk).trim_end(), "at the end of the file");
            anchor.keep(&notes[1]).await.unwrap();
            let found = read(&anchor).await;
            assert_eq!((found.len(), &found[0], &found[2]), (3, &notes[0], &notes[1]), "{junk:?}");
            assert!(fs::read(&anchor.file).unwrap().starts_with(&file), "nothing is removed");
        }
        let file = [notes[0].as_bytes(), cut_off.as_bytes(), b"\n", notes[1].as_bytes()].concat();
        let (found, rest) = pieces(&file);
        assert_eq!((found[0], found[2], rest), (notes[0].as_bytes(), notes[1].as_bytes(), b"".as_slice()));
    }
}
