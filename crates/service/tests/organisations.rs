#![cfg(test)]
//! A function at a board reaches the schools that identity puts below it, as soon as the topic says so.

use auth::{Action, Context, Function, Hierarchy, Policies, Scope};
use events::{Envelope, SharedLog, Topic};
use proto::identity::v1::{Board, OrganisationState, School, Site};
use runtime::{BoardId, Clock, EventId, Ids, SchoolId, Shutdown};
use schildwacht_service::follow_organisations;
use testkit::{Store, TestLog, eventually, person};

struct World {
    log: TestLog,
    ids: Ids,
    member: Context,
    hierarchy: Hierarchy,
    board: BoardId,
    shutdown: Shutdown,
}

impl World {
    async fn start(store: Store) -> Self {
        let log = TestLog::of(store, &[Topic::Organisation]).await;
        let ids = Ids::random(Clock::system());
        let (board, policies) = (ids.next(), Policies::load().unwrap());
        let (hierarchy, shutdown) = (policies.hierarchy().clone(), Shutdown::default());
        let member = Context::for_tests(person(1, &[Function::BoardMember(board)]), Clock::system(), ids.clone(), policies);
        let world = Self { log, ids, member, hierarchy: hierarchy.clone(), board, shutdown };
        let (log, shutdown): (SharedLog, _) = (world.log.share(), world.shutdown.clone());
        runtime::Tasks::new().spawn("follow", follow_organisations(hierarchy, log, shutdown));
        world
    }

    async fn publish(&self, school: SchoolId, board: BoardId, sites: usize) {
        let site = |_| Site { site_id: self.ids.next::<runtime::SiteId>().to_string(), ..Site::default() };
        let school = School {
            school_id: school.to_string(),
            institution_number: format!("{:06}", 9_000 + sites),
            board: Some(Board { board_id: board.to_string(), board_number: "000071".to_owned(), ..Board::default() }),
            sites: (0..sites).map(site).collect(),
            ..School::default()
        };
        let key = school.school_id.clone();
        let state = OrganisationState { school: Some(school), ..OrganisationState::default() };
        let envelope = Envelope::new(self.ids.next::<EventId>(), Clock::system().now(), "identity", key, &state);
        self.log.append(Topic::Organisation, vec![envelope.into_record()]).await.unwrap();
    }

    /// The schools that the board member may see, or none.
    fn schools(&self) -> Vec<SchoolId> {
        match self.member.scope::<SchoolId>(Action::SchoolRead) {
            Ok(Scope::Only(schools)) => schools.into_iter().collect(),
            _ => Vec::new(),
        }
    }

    async fn sees(&self, expected: &[SchoolId]) {
        eventually("the schools of the board", async || (self.schools() == expected).then_some(())).await;
    }
}

#[tokio::test]
async fn a_board_member_reaches_the_schools_of_the_board_and_no_school_that_left_it() {
    for store in [Store::Sqlite, Store::Postgres] {
        let world = World::start(store).await;
        let (first, second): (SchoolId, SchoolId) = (world.ids.next(), world.ids.next());
        assert_eq!(world.schools(), [], "nothing is known yet, so nothing is reached");
        world.publish(first, world.board, 2).await;
        world.publish(second, world.board, 0).await;
        world.sees(&[first, second]).await;
        let schools = [9_002, 9_000, 71].map(|number| world.hierarchy.school_numbered(number));
        assert_eq!(schools, [Some(first), Some(second), None], "by their institution numbers");
        assert_eq!([71, 9_000].map(|number| world.hierarchy.board_numbered(number)), [Some(world.board), None]);
        world.publish(second, world.ids.next(), 0).await;
        world.sees(&[first]).await;
        world.shutdown.request();
    }
}
