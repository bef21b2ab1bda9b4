//! Whether lists and single reads agree.

use std::{collections::BTreeSet, fmt::Debug};

use tonic::{Code, Status};

/// Asserts that each of these, which are all that this list may ever hold, can be read by itself if the list gives it, and is not found if it
/// does not; and that where the list is refused, so is every read. Answers how many were read and how many were not.
pub async fn assert_agreement<I: Debug + Ord>(
    who: &impl Debug,
    list: Result<Vec<I>, Status>,
    all: &[I],
    read: impl AsyncFn(&I) -> Result<(), Status>,
) -> [usize; 2] {
    let is_refused = list.is_err();
    let listed: BTreeSet<I> = list.into_iter().flatten().collect();
    assert!(listed.iter().all(|id| all.contains(id)), "{who:?} is given what is of another list: {listed:?}, not {all:?}");
    let mut counts = [0; 2];
    for id in all {
        let answer = read(id).await.map_err(|status| status.code());
        let is_listed = listed.contains(id);
        let agrees = match answer {
            Ok(()) => is_listed,
            Err(Code::NotFound) => !is_listed,
            Err(Code::PermissionDenied) => is_refused,
            Err(_) => false,
        };
        assert!(agrees, "{who:?} reads {id:?}: {answer:?}, and the list gives {listed:?}");
        counts[usize::from(!is_listed)] += 1;
    }
    counts
}
