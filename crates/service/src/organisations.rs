//! Keeps the hierarchy of resources up to date from `identity.organisation.v1`, so that functions at a board reach its schools.

use std::convert::Infallible;

use auth::{Hierarchy, Resource};
use events::{Delivered, Envelope, SharedLog, Topic};
use proto::identity::v1::OrganisationState;
use runtime::{BoardId, SchoolId, Shutdown, SiteId};

use crate::follow::{Follower, follow};

/// Until shutdown.
///
/// # Errors
/// Never; the type is that of every task.
pub async fn follow_organisations(hierarchy: Hierarchy, log: SharedLog, shutdown: Shutdown) -> Result<(), Infallible> {
    follow(hierarchy, log, shutdown).await
}

impl Follower for Hierarchy {
    const TOPIC: Topic = Topic::Organisation;

    fn empty(&self) -> Self {
        Self::default()
    }

    fn apply(&self, record: &Delivered) -> Option<()> {
        let SchoolLinks { id, links, numbers } = read(record)?;
        // A site that is gone must not go on below the school.
        self.put(id, links, numbers);
        Some(())
    }

    fn replace(&self, other: Self) {
        Self::replace(self, is_organisation, other);
    }
}

/// A school as the topic says it is now.
struct SchoolLinks {
    id: SchoolId,
    /// What stands below what; empty when identity no longer has the school.
    links: Vec<(Resource, Resource)>,
    /// Of the school and of its board.
    numbers: Vec<(Resource, u32)>,
}

/// What this topic says where it stands, or which number it has.
const fn is_organisation(resource: Resource) -> bool {
    matches!(resource, Resource::Board(_) | Resource::School(_) | Resource::Site(_))
}

fn read(delivered: &Delivered) -> Option<SchoolLinks> {
    let envelope = Envelope::from_record(&delivered.record).ok()?;
    let id: SchoolId = std::str::from_utf8(&envelope.key).ok()?.parse().ok()?;
    if envelope.data.is_none() {
        return Some(SchoolLinks { id, links: Vec::new(), numbers: Vec::new() });
    }
    let school = envelope.decode::<OrganisationState>().ok()?.school?;
    let its_board = school.board?;
    let board: BoardId = its_board.board_id.parse().ok()?;
    let numbered = [(id.into(), school.institution_number.parse()), (board.into(), its_board.board_number.parse())];
    let numbers = numbered.into_iter().filter_map(|(resource, number)| Some((resource, number.ok()?))).collect();
    let sites: Vec<SiteId> = school.sites.iter().map(|site| site.site_id.parse().ok()).collect::<Option<_>>()?;
    let below = sites.into_iter().map(|site| (site.into(), id.into()));
    Some(SchoolLinks { id, links: below.chain([(id.into(), board.into())]).collect(), numbers })
}
