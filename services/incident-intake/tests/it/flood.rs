//! A school that opens more cases than it may in an hour has one case more, which says so.

use chrono::TimeDelta;
use proto::{
    incident_intake::v1::{Case, CaseSeverity, CloseReason, ListCasesRequest},
    network_monitor::v1::AlertEvent,
};
use runtime::SchoolId;
use testkit::on_both_stores;

use crate::world::{MALWARE, NEW_CASES_PER_HOUR, World, responder};

/// An alert of a signature of its own.
fn alert(world: &World, school: SchoolId, number: u32) -> AlertEvent {
    let mut news = world.alert(school, MALWARE);
    news.alert.as_mut().unwrap().signature_id = format!("suricata:1:{number}");
    news
}

async fn open_cases(world: &World, school: SchoolId) -> Vec<Case> {
    world.list(&responder(), ListCasesRequest { school_id: school.to_string(), page_size: 200, ..Default::default() }).await
}

on_both_stores! {
    async fn that_a_bound_was_reached_is_told_again_after_a_false_positive(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        for signature_id in ["schildwacht:flood", "schildwacht:over-rate", "schildwacht:unreadable"] {
            let flood = || {
                let mut news = world.alert(school, MALWARE);
                news.alert.as_mut().unwrap().signature_id = signature_id.to_owned();
                news
            };
            world.send(&flood()).await;
            world.settle().await;
            let [case] = <[Case; 1]>::try_from(open_cases(&world, school).await).unwrap();
            world.close(&case, CloseReason::FalsePositive).await;
            world.send(&flood()).await;
            world.settle().await;
            let [again] = <[Case; 1]>::try_from(open_cases(&world, school).await).unwrap();
            assert!(again.case_id != case.case_id && again.signature_id == signature_id, "{again:?}");
            world.close(&again, CloseReason::Resolved).await;
        }
    }

    async fn what_opens_more_cases_than_a_school_may_is_one_case(database: TestDatabase) {
        let world = World::start(&database).await;
        let loud = world.school("Basisschool De Zandloper", "Aalter").await;
        let calm = world.school("Atheneum De Merel", "Kortrijk").await;
        for number in 0..NEW_CASES_PER_HOUR + 30 {
            world.send(&alert(&world, loud, number)).await;
        }
        world.report(calm, MALWARE).await;
        let cases = open_cases(&world, loud).await;
        assert_eq!(cases.len(), NEW_CASES_PER_HOUR as usize + 1);
        let flood = cases.iter().find(|case| case.signature_id == "schildwacht:flood").unwrap();
        assert_eq!((flood.alert_count, flood.severity()), (30, CaseSeverity::High), "the alerts themselves are its evidence");
        assert!(flood.title.as_ref().unwrap().nl.contains("zo veel waarschuwingen"), "{flood:?}");
        assert_eq!(world.evidence(flood).await.len(), 30);
        assert_eq!(open_cases(&world, calm).await.len(), 1, "another school has its own case");

        // What was counted there stays there; an hour later the school may open cases again.
        world.clock.advance(TimeDelta::minutes(61));
        world.send(&alert(&world, loud, NEW_CASES_PER_HOUR + 100)).await;
        world.settle().await;
        assert_eq!(open_cases(&world, loud).await.len(), NEW_CASES_PER_HOUR as usize + 2);
    }
}
