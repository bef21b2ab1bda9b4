//! Keeps the hierarchy of resources up to date from `identity.organisation.v1`, so that functions at a board reach its schools.

use std::time::Duration;

use auth::{Hierarchy, Resource};
use events::{Delivered, Envelope, LogError, SharedLog, TailFrom, Topic};
use proto::identity::v1::OrganisationState;
use runtime::{BoardId, SchoolId, Shutdown, SiteId};

const AT_ONCE: usize = 1_000;
const WAIT: Duration = Duration::from_secs(5);
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// A school as the topic says it is now.
struct SchoolLinks {
    id: SchoolId,
    /// What stands below what; empty when identity no longer has the school.
    links: Vec<(Resource, Resource)>,
}

/// Follows the topic until shutdown. When the log fails it starts over, keeping what is known until it has caught up again.
///
/// # Errors
/// Never; the type is that of every task.
pub async fn follow_organisations(hierarchy: Hierarchy, log: SharedLog, shutdown: Shutdown) -> Result<(), std::convert::Infallible> {
    while let Some(Err(error)) = shutdown.or_stop(follow_once(&hierarchy, &log)).await {
        tracing::warn!(name: "organisations.not_followed", error = %error, "hierarchy of organisations not followed, will retry");
        if !shutdown.sleep(PAUSE_AFTER_ERROR).await {
            break;
        }
    }
    Ok(())
}

async fn follow_once(hierarchy: &Hierarchy, log: &SharedLog) -> Result<(), LogError> {
    log.ensure_topics(&[Topic::Organisation]).await?;
    let mut tail = log.tail(Topic::Organisation, TailFrom::Start).await?;
    let known = Hierarchy::default();
    while !tail.caught_up() {
        apply(&known, &tail.next(AT_ONCE, WAIT).await?);
    }
    hierarchy.replace(is_organisation, known);
    loop {
        apply(hierarchy, &tail.next(AT_ONCE, WAIT).await?);
    }
}

/// What this topic says where it stands.
const fn is_organisation(resource: Resource) -> bool {
    matches!(resource, Resource::School(_) | Resource::Site(_))
}

fn apply(hierarchy: &Hierarchy, delivered: &[Delivered]) {
    for record in delivered {
        let Some(school) = read(record) else {
            tracing::warn!(name: "organisations.unreadable", offset = record.position.offset, "record of an organisation not readable, skipped");
            continue;
        };
        // A site that is gone must not go on below the school.
        hierarchy.put(school.id, school.links);
    }
}

fn read(delivered: &Delivered) -> Option<SchoolLinks> {
    let envelope = Envelope::from_record(&delivered.record).ok()?;
    let id: SchoolId = std::str::from_utf8(&envelope.key).ok()?.parse().ok()?;
    if envelope.data.is_none() {
        return Some(SchoolLinks { id, links: Vec::new() });
    }
    let school = envelope.decode::<OrganisationState>().ok()?.school?;
    let board: BoardId = school.board?.board_id.parse().ok()?;
    let sites: Vec<SiteId> = school.sites.iter().map(|site| site.site_id.parse().ok()).collect::<Option<_>>()?;
    let below = sites.into_iter().map(|site| (site.into(), id.into()));
    Some(SchoolLinks { id, links: below.chain([(id.into(), board.into())]).collect() })
}
