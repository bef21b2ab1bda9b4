#![cfg(test)]
//! What identity says that somebody holds opens doors in every process, as soon as the topic says so; and closes them again.

use auth::{Function, Policies, Principal};
use events::{Envelope, Record, SharedLog, Topic};
use proto::{
    identity::v1::{HeldFunction, PersonFunctions},
    time::timestamp,
};
use runtime::{Clock, EventId, Ids, SchoolId, Shutdown};
use schildwacht_service::follow_functions;
use testkit::{Store, TestLog, eventually, person};

struct World {
    log: TestLog,
    ids: Ids,
    policies: Policies,
    somebody: Principal,
    shutdown: Shutdown,
}

impl World {
    async fn start(store: Store) -> Self {
        let (log, policies, shutdown) = (TestLog::of(store, &[Topic::Function]).await, Policies::load().unwrap(), Shutdown::default());
        let following = follow_functions(policies.functions().clone(), log.share() as SharedLog, shutdown.clone());
        runtime::Tasks::new().spawn("follow", following);
        Self { log, ids: Ids::random(Clock::system()), policies, somebody: person(1, &[Function::Editor]), shutdown }
    }

    fn state(&self, functions: &[String]) -> Record {
        let now = Clock::system().now();
        let start_time = Some(timestamp(now - chrono::TimeDelta::days(1)));
        let held = |function: &String| HeldFunction { function: function.clone(), start_time, end_time: None };
        let person_id = self.somebody.person_id().unwrap().to_string();
        let state = PersonFunctions { person_id: person_id.clone(), functions: functions.iter().map(held).collect() };
        Envelope::new(self.ids.next::<EventId>(), now, "identity", person_id, &state).into_record()
    }

    async fn publish(&self, record: Record) {
        self.log.append(Topic::Function, vec![record]).await.unwrap();
    }

    async fn holds(&self, expected: &[Function]) {
        let functions = || self.policies.with_held(&self.somebody, Clock::system().now()).map(|(caller, _)| caller.functions);
        eventually("the functions of somebody", async || (functions().ok()? == expected).then_some(())).await;
    }
}

#[tokio::test]
async fn a_function_holds_from_when_the_topic_says_so_until_it_no_longer_does() {
    for store in [Store::Sqlite, Store::Postgres] {
        let world = World::start(store).await;
        world.holds(&[Function::Editor]).await;
        let school: SchoolId = world.ids.next();
        let director = Function::Director(school);
        let of_a_later_version = format!("janitor@{school}");
        world.publish(world.state(&[director.to_string(), of_a_later_version])).await;
        world.holds(&[Function::Editor, director]).await;
        world.publish(world.state(&[])).await;
        world.holds(&[Function::Editor]).await;

        world.publish(world.state(&[director.to_string()])).await;
        world.holds(&[Function::Editor, director]).await;
        let garbled = Record { value: Some(vec![0xff; 8].into()), ..world.state(&[director.to_string()]) };
        world.publish(garbled).await;
        world.holds(&[Function::Editor]).await;
        world.shutdown.request();
    }
}
