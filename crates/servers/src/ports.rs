//! Free ports of loopback, for servers and for whatever else tests start.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io::ErrorKind,
    net::TcpListener,
    ops::Range,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result, bail};

/// Below the range from which systems choose ports for outgoing connections, so that none of those takes one before it is used,
/// also while the server that uses it is away for a while.
const PORTS: Range<u16> = 20_000..32_000;
/// How many ports a process takes for itself at once.
const BLOCK: u16 = 100;
const BLOCKS: u16 = (PORTS.end - PORTS.start) / BLOCK;

/// A port of 127.0.0.1 that nobody listens on, another one each time.
///
/// It is this process's own until this process ends: no other of this account (with the same `TMPDIR`) that asks here gets it, also
/// when it is used much later or when the server on it is away for a while.
pub fn free_port() -> Result<u16> {
    static OURS: Mutex<Option<Ours>> = Mutex::new(None);
    // A panic in here leaves nothing half done.
    let mut known = OURS.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = match known.take() {
        Some(ours) => ours,
        None => Ours::in_folder(locks()?),
    };
    known.insert(ours).next()
}

/// Where the locks of this account's processes are; ports belong to the machine, so its place does not depend on a cache folder.
fn locks() -> Result<PathBuf> {
    let we = rustix::process::geteuid().as_raw();
    own_folder(std::env::temp_dir().join(format!("schildwacht-ports-{we}")), we)
}

/// A folder that nobody else writes in: others reach the place for temporary files too, and may have been there first.
fn own_folder(folder: PathBuf, account: u32) -> Result<PathBuf> {
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("cannot make the folder {}", folder.display()));
        }
        _there => {}
    }
    let found = fs::symlink_metadata(&folder).with_context(|| format!("cannot look at {}", folder.display()))?;
    if !found.is_dir() || found.uid() != account || found.mode() & 0o022 != 0 {
        bail!("{} is not a folder of ours alone; who made it? Remove it, or set TMPDIR", folder.display());
    }
    Ok(folder)
}

/// The ports of one process: blocks whose lock files it holds.
#[derive(Debug)]
struct Ours {
    folder: PathBuf,
    /// The next block to try. Processes begin at different ones: what one leaves behind may still be ending.
    block: u16,
    /// What is left of the newest block.
    left: Range<u16>,
    // Locked until the process ends, however it ends.
    held: Vec<File>,
}

impl Ours {
    fn in_folder(folder: PathBuf) -> Self {
        let block = u16::try_from(std::process::id() % u32::from(BLOCKS)).unwrap_or_default();
        Self { folder, block, left: 0..0, held: Vec::new() }
    }

    fn next(&mut self) -> Result<u16> {
        loop {
            // Whoever does not ask here may have it: bound and let go again.
            if let Some(port) = self.left.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()) {
                return Ok(port);
            }
            self.take_block()?;
        }
    }

    fn take_block(&mut self) -> Result<()> {
        for _ in 0..BLOCKS {
            let first = PORTS.start + self.block * BLOCK;
            self.block = (self.block + 1) % BLOCKS;
            if let Some(lock) = try_lock(&self.folder.join(first.to_string()))? {
                self.held.push(lock);
                self.left = first..first + BLOCK;
                return Ok(());
            }
        }
        bail!("all ports of 127.0.0.1 from {} to {} are taken by running tests ({})", PORTS.start, PORTS.end - 1, self.folder.display())
    }
}

/// The lock, unless somebody has it; also this process, if it has it already.
fn try_lock(path: &Path) -> Result<Option<File>> {
    let file =
        File::options().create(true).write(true).truncate(false).open(path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    // Locks of their own, but the ports are those of the machine: a port that is looked at here may for a moment seem taken elsewhere,
    // and the next one is taken there.
    use std::{collections::BTreeSet, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn free_ports_differ_and_no_outgoing_connection_takes_them() {
        let ports: BTreeSet<u16> = (0..250).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), 250);
        assert!(ports.iter().all(|port| PORTS.contains(port)), "{ports:?}");
    }

    #[test]
    fn processes_do_not_get_each_others_ports_also_before_these_are_used() {
        let folder = tempfile::tempdir().unwrap();
        let [mut one, mut other] = [(); 2].map(|()| Ours::in_folder(folder.path().to_owned()));
        let [ones, others] = [&mut one, &mut other].map(|ours| (0..150).map(|_| ours.next().unwrap()).collect::<BTreeSet<u16>>());
        assert!(ones.is_disjoint(&others), "{ones:?} {others:?}");
    }

    #[test]
    fn what_is_in_use_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let first = Ours::in_folder(folder.path().to_owned()).next().unwrap();
        // By us, or by a test that was faster.
        let _in_use = TcpListener::bind(("127.0.0.1", first));
        assert_ne!(Ours::in_folder(folder.path().to_owned()).next().unwrap(), first);
    }

    #[test]
    fn a_folder_that_others_may_write_in_is_not_believed() {
        let beside = tempfile::tempdir().unwrap();
        let we = rustix::process::geteuid().as_raw();
        let folder = beside.path().join("ports");
        for _made_and_found in 0..2 {
            assert_eq!(own_folder(folder.clone(), we).unwrap(), folder);
        }
        assert!(own_folder(folder.clone(), we + 1).unwrap_err().to_string().contains("not a folder of ours alone"));
        let led_away = beside.path().join("link");
        std::os::unix::fs::symlink(&folder, &led_away).unwrap();
        own_folder(led_away, we).unwrap_err();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        own_folder(folder, we).unwrap_err();
    }

    #[test]
    fn when_all_are_taken_it_says_by_whom_and_what_a_process_had_is_free_when_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let mut greedy = Ours::in_folder(folder.path().to_owned());
        for _ in 0..BLOCKS {
            greedy.take_block().unwrap();
        }
        let mut late = Ours::in_folder(folder.path().to_owned());
        let refused = late.next().unwrap_err().to_string();
        assert!(refused.contains("taken by running tests") && refused.contains(folder.path().to_str().unwrap()), "{refused}");
        drop(greedy);
        assert!(PORTS.contains(&late.next().unwrap()));
    }
}
