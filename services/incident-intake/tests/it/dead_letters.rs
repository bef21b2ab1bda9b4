//! What cannot be processed, and what becomes of it.

use events::{Envelope, Topic};
use proto::operations::v1::{ListDeadLettersRequest, ReplayDeadLettersRequest};
use runtime::EventId;
use testkit::on_both_stores;
use tonic::Code;

use crate::world::{MALWARE, World, operator, responder};

on_both_stores! {
    async fn an_unreadable_alert_is_kept_with_all_its_faults_and_holds_up_nobody(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        let mut bad = world.alert(school, MALWARE);
        let alert = bad.alert.as_mut().unwrap();
        alert.alert_id = "7".into();
        alert.last_time = None;
        bad.new_events = 0;
        let envelope = Envelope::new(world.new_id::<EventId>(), world.now(), "network-monitor", school.to_string(), &bad);
        world.publish(Topic::Alert, envelope).await;
        world.report(school, MALWARE).await;
        world.only_case().await;

        let question = ListDeadLettersRequest { service: "incident-intake".into(), ..Default::default() };
        let letters = world.dead_letters().list_dead_letters(world.by(&operator(), question)).await.unwrap().into_inner().dead_letters;
        assert_eq!((letters.len(), letters[0].reason.as_str()), (1, "alert_unreadable"));
        for fault in ["alert.alert_id", "alert.last_time", "new_events"] {
            assert!(letters[0].detail.contains(fault), "{}", letters[0].detail);
        }

        let replay = ReplayDeadLettersRequest { service: "incident-intake".into(), ..Default::default() };
        let replayed = world.dead_letters().replay_dead_letters(world.by(&operator(), replay)).await.unwrap().into_inner();
        assert_eq!((replayed.replayed, replayed.failed), (0, 1), "it is still unreadable");
    }

    async fn dead_letters_are_the_operators_affair(database: TestDatabase) {
        let world = World::start(&database).await;
        let refused = world.dead_letters().list_dead_letters(world.by(&responder(), ListDeadLettersRequest::default())).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
}
