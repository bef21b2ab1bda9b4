//! What a list gives can be read by itself, and what no list gives is not found, whatever functions the caller holds.

use auth::Principal;
use proto::incident_intake::v1::{GetCaseRequest, GetEvidenceRequest, ListCasesRequest, ListEvidenceRequest};
use runtime::BoardId;
use testkit::{
    arbitrary::{functions, samples},
    assert_agreement, on_both_stores, person,
};

use crate::world::{MALWARE, World};

/// Of cases, and of alerts as evidence in each: how many could be read and how many could not.
async fn compare(world: &World, who: &Principal, cases: &[String], alerts: &[String]) -> [[usize; 2]; 2] {
    let list = world.cases().list_cases(world.by(who, ListCasesRequest::default())).await;
    let list = list.map(|answer| answer.into_inner().cases.into_iter().map(|case| case.case_id).collect());
    let of_cases = assert_agreement(who, list, cases, async |case_id| {
        let ask = GetCaseRequest { case_id: case_id.clone() };
        world.cases().get_case(world.by(who, ask)).await.map(drop)
    })
    .await;
    let mut of_evidence = [0; 2];
    for case_id in cases {
        let ask = ListEvidenceRequest { case_id: case_id.clone(), ..Default::default() };
        let list = world.cases().list_evidence(world.by(who, ask)).await;
        let list = list.map(|answer| answer.into_inner().evidence.into_iter().map(|exhibit| exhibit.alert_id).collect());
        let [read, not_read] = assert_agreement(who, list, alerts, async |alert_id| {
            let ask = GetEvidenceRequest { case_id: case_id.clone(), alert_id: alert_id.clone() };
            world.cases().get_evidence(world.by(who, ask)).await.map(drop)
        })
        .await;
        of_evidence = [of_evidence[0] + read, of_evidence[1] + not_read];
    }
    [of_cases, of_evidence]
}

on_both_stores! {
    async fn lists_and_single_reads_agree(database: TestDatabase) {
        let world = World::start(&database).await;
        let board: BoardId = world.new_id();
        let (mut schools, mut alerts) = (Vec::new(), Vec::new());
        for name in ["De Zandloper", "De Vuurvogel", "De Kompas"] {
            let school = world.school(name, "Aalter").await;
            alerts.push(world.report(school, MALWARE).await.alert.unwrap().alert_id);
            schools.push(school);
        }
        for school in &schools[..2] {
            world.people.hierarchy().place(*school, board);
        }
        let cases: Vec<String> = world.queue().await.into_iter().map(|case| case.case_id).collect();
        assert_eq!(cases.len(), 3);

        let mut totals = [[0; 2]; 2];
        for (functions, number) in samples(&functions(&schools, &[board])).into_iter().take(24).zip(300..) {
            let counts = compare(&world, &person(number, &functions), &cases, &alerts).await;
            for (total, count) in totals.as_flattened_mut().iter_mut().zip(counts.as_flattened()) {
                *total += count;
            }
        }
        assert!(totals.as_flattened().iter().all(|total| *total > 5), "each kind was often read and often not found: {totals:?}");
    }
}
