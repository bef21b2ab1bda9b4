//! What alerts mean: in plain words, and in which case they are.

use auth::Principal;
use chrono::TimeDelta;
use proto::{
    incident_intake::v1::{AlertExplanation, CaseSeverity, CloseReason, ExplainAlertsRequest},
    network_monitor::v1::{Alert, AlertEvent},
};
use runtime::SchoolId;
use testkit::on_both_stores;
use tonic::{Code, Status};

use crate::world::{MALWARE, SCAN, TAKEOVER, World, director, fields, noor};

/// As network-monitor lists it for a page.
fn listed(news: &AlertEvent) -> Alert {
    Alert { raw_event: String::new(), ..news.alert.clone().unwrap() }
}

async fn explain(world: &World, who: &Principal, school: SchoolId, alerts: Vec<Alert>) -> Result<Vec<AlertExplanation>, Status> {
    let question = ExplainAlertsRequest { school_id: school.to_string(), alerts };
    Ok(world.cases().explain_alerts(world.by(who, question)).await?.into_inner().explanations)
}

/// Whether there is a case and which.
fn reference(explanation: &AlertExplanation) -> &str {
    explanation.case.as_ref().map(|case| case.reference.as_str()).unwrap_or_default()
}

on_both_stores! {
    async fn an_alert_is_explained_with_the_case_it_is_in_or_by_its_class(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        let in_a_case = world.report(school, MALWARE).await;
        let waiting = world.report(school, SCAN).await;

        let explained = explain(&world, &director(school), school, vec![listed(&waiting), listed(&in_a_case)]).await.unwrap();
        let ids: Vec<&str> = explained.iter().map(|explanation| explanation.alert_id.as_str()).collect();
        assert_eq!(ids, [&listed(&waiting).alert_id, &listed(&in_a_case).alert_id], "in the order asked");
        assert_eq!((reference(&explained[0]), explained[0].severity()), ("", CaseSeverity::Low));
        assert_eq!(explained[0].title.as_ref().unwrap().nl, "Een toestel doorzoekt het schoolnetwerk");
        let case = world.only_case().await;
        assert_eq!((explained[1].case.as_ref(), &explained[1].title, explained[1].severity()), (Some(&case), &case.title, case.severity()));
    }

    async fn an_alert_asked_twice_is_answered_twice(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        let alert = listed(&world.report(school, MALWARE).await);
        let reference_of_case = world.only_case().await.reference;
        let explained = explain(&world, &noor(), school, vec![alert.clone(), alert]).await.unwrap();
        assert_eq!(explained.iter().map(reference).collect::<Vec<_>>(), [&reference_of_case; 2]);
    }

    async fn of_several_cases_the_open_one_counts_then_the_newest(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        let mut news = world.report(school, MALWARE).await;
        world.close(&world.only_case().await, CloseReason::Resolved).await;
        assert_eq!(reference(&explain(&world, &noor(), school, vec![listed(&news)]).await.unwrap()[0]), "SW-2026-0001");

        world.clock.advance(TimeDelta::minutes(5));
        news.first = false;
        news.alert.as_mut().unwrap().event_count = 2;
        world.send(&news).await;
        world.settle().await;
        assert_eq!(reference(&explain(&world, &noor(), school, vec![listed(&news)]).await.unwrap()[0]), "SW-2026-0002");
    }

    async fn an_alert_beyond_what_is_kept_as_evidence_is_in_the_open_case_of_its_signature(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        world.clock.advance(TimeDelta::minutes(5));
        // Never told of: as one that was only counted.
        let counted = listed(&world.alert(school, MALWARE));
        let mut earlier = listed(&world.alert(school, MALWARE));
        earlier.last_time = Some(prost_types::Timestamp { seconds: earlier.last_time.unwrap().seconds - 3_600, nanos: 0 });
        let explained = explain(&world, &noor(), school, vec![counted, earlier]).await.unwrap();
        assert_eq!([reference(&explained[0]), reference(&explained[1])], [case.reference.as_str(), ""]);
    }

    async fn a_case_of_another_school_is_never_told(database: TestDatabase) {
        let world = World::start(&database).await;
        let own = world.school("Basisschool De Zandloper", "Aalter").await;
        let other = world.school("Atheneum De Merel", "Kortrijk").await;
        let theirs = listed(&world.report(other, TAKEOVER).await);

        assert_eq!(explain(&world, &director(own), other, vec![theirs.clone()]).await.unwrap_err().code(), Code::NotFound);
        let as_ones_own = Alert { school_id: own.to_string(), ..theirs.clone() };
        assert_eq!(reference(&explain(&world, &director(own), own, vec![as_ones_own]).await.unwrap()[0]), "");
        let refused = explain(&world, &noor(), own, vec![theirs]).await.unwrap_err();
        assert_eq!(fields(&refused), ["alerts[0].school_id"]);
    }

    async fn a_question_that_cannot_be_answered_says_what_is_wrong(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        let refused = explain(&world, &noor(), school, vec![Alert::default()]).await.unwrap_err();
        assert_eq!(fields(&refused), ["alerts[0]"]);
        let too_many = vec![listed(&world.alert(school, MALWARE)); 201];
        assert_eq!(fields(&explain(&world, &noor(), school, too_many).await.unwrap_err()), ["alerts"]);
    }
}
