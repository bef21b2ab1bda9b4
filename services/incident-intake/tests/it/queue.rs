//! The queue: order, filters, pages, figures.

use chrono::TimeDelta;
use proto::incident_intake::v1::{Case, CaseOrder, CasePhase, CaseSeverity, CloseReason, ListCasesRequest, SummarizeQueueRequest};
use testkit::on_both_stores;
use tonic::Code;

use crate::world::{MALWARE, MINING, TAKEOVER, World, director, fields, noor, responder, sam};

/// Six open cases of three schools, opened an hour apart, one of them Noor's; and a closed one.
async fn a_busy_morning(world: &World) -> Vec<Case> {
    let zandloper = world.school("Basisschool De Zandloper", "Aalter").await;
    let merel = world.school("Atheneum De Merel", "Kortrijk").await;
    let linde = world.school("Vrije Basisschool 100%_De Linde", "Zottegem").await;
    world.report(linde, TAKEOVER).await;
    world.close(&world.only_case().await, CloseReason::Resolved).await;
    for (school, kind) in [(zandloper, MINING), (merel, MALWARE), (linde, TAKEOVER), (merel, MINING), (zandloper, MALWARE), (linde, MINING)]
    {
        world.clock.advance(TimeDelta::hours(1));
        world.report(school, kind).await;
    }
    let queue = world.queue().await;
    let malware_at_zandloper = queue.iter().find(|case| case.reference == "SW-2026-0006").unwrap();
    world.take(&noor(), malware_at_zandloper).await;
    world.queue().await
}

async fn references(world: &World, question: ListCasesRequest) -> Vec<String> {
    world.list(&noor(), question).await.into_iter().map(|case| case.reference[8..].to_owned()).collect()
}

/// All pages after each other; each says how many there are in all.
async fn paged(world: &World, question: ListCasesRequest) -> Vec<String> {
    let mut paged = Vec::new();
    let mut page_token = String::new();
    loop {
        let ask = ListCasesRequest { page_token, ..question.clone() };
        let page = world.cases().list_cases(world.by(&noor(), ask)).await.unwrap().into_inner();
        assert_eq!(page.total_size, 7);
        paged.extend(page.cases.into_iter().map(|case| case.reference[8..].to_owned()));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return paged;
        }
    }
}

on_both_stores! {
    async fn the_nearest_target_comes_first_and_what_is_late_above_all(database: TestDatabase) {
        let world = World::start(&database).await;
        a_busy_morning(&world).await;
        // 0004 (taken over, 15 min, opened at 12.50) and 0003 (malware, 30 min, at 11.50) are late; Noor has 0006, so its solution counts.
        assert_eq!(references(&world, ListCasesRequest::default()).await, ["0003", "0004", "0002", "0005", "0007", "0006"]);
    }

    async fn cases_are_asked_for_by_name_and_only_those_one_may_see_come(database: TestDatabase) {
        let world = World::start(&database).await;
        let queue = a_busy_morning(&world).await;
        let named = |cases: &[&Case]| ListCasesRequest { case_ids: cases.iter().map(|case| case.case_id.clone()).collect(), ..Default::default() };
        let two = named(&[&queue[1], &queue[3]]);
        assert_eq!(world.list(&noor(), two.clone()).await, [queue[1].clone(), queue[3].clone()]);
        let school = queue[1].school_id.parse().unwrap();
        let own: Vec<Case> = [&queue[1], &queue[3]].into_iter().filter(|case| case.school_id == queue[1].school_id).cloned().collect();
        assert_eq!(world.list(&director(school), two).await, own);
        for case_ids in [vec![queue[0].case_id.clone(); 201], vec!["SW-2026-0003".to_owned()]] {
            let refused = world.cases().list_cases(world.by(&noor(), ListCasesRequest { case_ids, ..Default::default() })).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
            assert!(fields(&refused)[0].starts_with("case_ids"), "{refused:?}");
        }
    }

    async fn what_is_near_comes_before_a_nearer_target_that_is_not(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        // Taken at once: 24 hours for the solution, near from 12 on.
        world.report(school, TAKEOVER).await;
        world.take(&noor(), &world.only_case().await).await;
        world.clock.advance(TimeDelta::hours(13));
        // 30 minutes until somebody must have taken it: sooner due, and not near yet.
        let elsewhere = world.school("Atheneum De Merel", "Kortrijk").await;
        world.report(elsewhere, MALWARE).await;
        let all = world.queue().await;
        let malware = all.iter().find(|case| case.reference == "SW-2026-0002").unwrap();
        assert_eq!(references(&world, ListCasesRequest::default()).await, ["0001", "0002"]);
        assert_eq!(malware.react_soon_time.unwrap().seconds, malware.react_by_time.unwrap().seconds - 15 * 60, "half of 30 minutes");

        // Nobody takes it: 20 minutes later it is near too, and due first; then late.
        world.clock.advance(TimeDelta::minutes(20));
        assert_eq!(references(&world, ListCasesRequest::default()).await, ["0002", "0001"]);
        world.clock.advance(TimeDelta::minutes(20));
        assert_eq!(references(&world, ListCasesRequest::default()).await, ["0002", "0001"]);
        let reversed = ListCasesRequest { reverse: true, ..Default::default() };
        assert_eq!(references(&world, reversed).await, ["0001", "0002"]);
    }

    async fn pages_stay_in_the_order_of_the_first_while_time_goes_on(database: TestDatabase) {
        let world = World::start(&database).await;
        let first = a_busy_morning(&world).await.into_iter().map(|case| case.reference[8..].to_owned()).collect::<Vec<_>>();
        let mut paged = Vec::new();
        let mut page_token = String::new();
        loop {
            let ask = ListCasesRequest { page_size: 1, page_token: page_token.clone(), ..Default::default() };
            let page = world.cases().list_cases(world.by(&noor(), ask)).await.unwrap().into_inner();
            paged.extend(page.cases.into_iter().map(|case| case.reference[8..].to_owned()));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
            world.clock.advance(TimeDelta::hours(3));
        }
        assert_eq!(paged, first);
    }

    async fn a_case_is_found_by_the_whole_address_or_name_of_a_device_in_its_evidence(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        let mut other = world.alert(school, MINING);
        let alert = other.alert.as_mut().unwrap();
        alert.source.as_mut().unwrap().ip = "10.20.4.3".to_owned();
        alert.source.as_mut().unwrap().device_name = String::new();
        alert.destination.as_mut().unwrap().ip = "2001:DB8:0:0::1".to_owned();
        world.send(&other).await;
        world.settle().await;
        let found = async |query: &str| references(&world, ListCasesRequest { query: query.to_owned(), ..Default::default() }).await;
        assert_eq!(found("10.20.4.37").await, [case.reference[8..].to_owned()], "and not the case of another address");
        assert_eq!(found("sec-pc-02").await, [case.reference[8..].to_owned()]);
        assert_eq!(found("2001:db8::1").await, ["0002"]);
        assert_eq!(found("10.20.4").await, [""; 0], "part of an address would find half the schools");

        // What an alert learns later counts too.
        let alert = other.alert.as_mut().unwrap();
        (alert.event_count, alert.source.as_mut().unwrap().device_name) = (2, "LKR-LT-11".to_owned());
        other.first = false;
        world.send(&other).await;
        world.settle().await;
        assert_eq!(found("LKR-LT-11").await, ["0002"]);
    }

    async fn what_no_name_holds_cannot_be_searched_for(database: TestDatabase) {
        let world = World::start(&database).await;
        let question = ListCasesRequest { query: "nas1\0".to_owned(), ..Default::default() };
        assert_eq!(world.cases().list_cases(world.by(&noor(), question)).await.unwrap_err().code(), Code::InvalidArgument);
    }

    async fn cases_are_on_one_page_each_whenever_their_targets_are_near(database: TestDatabase) {
        let world = World::start(&database).await;
        a_busy_morning(&world).await;
        let left = [
            "UPDATE incident_case SET react_soon_at = opened_at, resolve_soon_at = opened_at WHERE reference_number IN (3, 5)",
            "UPDATE incident_case SET react_soon_at = queue_at, resolve_soon_at = queue_at WHERE reference_number IN (1, 2, 6, 7)",
        ];
        world.rewrite(&left).await;
        // Through the reactions and solutions of all severities.
        for hours in [0, 1, 2, 8, 12, 24, 48, 120] {
            world.clock.advance(TimeDelta::hours(hours));
            for reverse in [false, true] {
                let question = ListCasesRequest { reverse, phases: (1..=7).collect(), ..Default::default() };
                let whole = references(&world, question.clone()).await;
                assert_eq!((whole.len(), whole[if reverse { 0 } else { 6 }].as_str()), (7, "0001"), "what is closed is not urgent");
                assert_eq!(paged(&world, ListCasesRequest { page_size: 1, ..question }).await, whole, "{hours} hours on, reverse {reverse}");
            }
        }
    }

    async fn every_order_can_be_paged_through_both_ways(database: TestDatabase) {
        let world = World::start(&database).await;
        a_busy_morning(&world).await;
        let all_phases: Vec<i32> = (1..=7).collect();
        for order in 0..=8 {
            for reverse in [false, true] {
                let question = ListCasesRequest { order_by: order, reverse, phases: all_phases.clone(), ..Default::default() };
                let whole = references(&world, question.clone()).await;
                let paged = paged(&world, ListCasesRequest { page_size: 2, ..question }).await;
                assert_eq!(paged, whole, "order {order}, reverse {reverse}");
                assert_eq!(whole.len(), 7);
            }
        }
    }

    async fn orders_are_what_their_names_say(database: TestDatabase) {
        let world = World::start(&database).await;
        a_busy_morning(&world).await;
        let by = async |order: CaseOrder, phases: &[CasePhase]| {
            let phases = phases.iter().map(|phase| (*phase).into()).collect();
            references(&world, ListCasesRequest { order_by: order.into(), phases, ..Default::default() }).await
        };
        assert_eq!(by(CaseOrder::SeverityDesc, &[]).await, ["0004", "0003", "0006", "0002", "0005", "0007"]);
        assert_eq!(by(CaseOrder::OpenTimeDesc, &[]).await, ["0007", "0006", "0005", "0004", "0003", "0002"]);
        assert_eq!(by(CaseOrder::School, &[]).await, ["0003", "0005", "0002", "0006", "0004", "0007"]);
        assert_eq!(by(CaseOrder::Reference, &[]).await, ["0002", "0003", "0004", "0005", "0006", "0007"]);
        assert_eq!(by(CaseOrder::Assignee, &[]).await.last().unwrap(), "0006");
        assert_eq!(by(CaseOrder::Phase, &[CasePhase::Open, CasePhase::Closed]).await.last().unwrap(), "0001");
        assert_eq!(by(CaseOrder::Target, &[CasePhase::Open, CasePhase::Closed]).await.last().unwrap(), "0001", "what is closed is due last");
    }

    async fn rows_that_come_and_go_shift_no_page(database: TestDatabase) {
        let world = World::start(&database).await;
        let queue = a_busy_morning(&world).await;
        let question = ListCasesRequest { page_size: 2, ..Default::default() };
        let first = world.cases().list_cases(world.by(&noor(), question.clone())).await.unwrap().into_inner();
        world.close(&queue[0], CloseReason::Resolved).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        world.clock.advance(TimeDelta::days(-3));
        world.report(school, MALWARE).await;
        let next = ListCasesRequest { page_token: first.next_page_token, ..question };
        assert_eq!(references(&world, next).await, ["0002", "0005"]);
    }

    async fn filters_narrow_the_queue(database: TestDatabase) {
        let world = World::start(&database).await;
        let queue = a_busy_morning(&world).await;
        let zandloper = queue.iter().find(|case| case.reference == "SW-2026-0002").unwrap().school_id.clone();
        let all = ListCasesRequest { order_by: CaseOrder::Reference.into(), ..Default::default() };
        let ask = async |question: ListCasesRequest| references(&world, ListCasesRequest { order_by: all.order_by, ..question }).await;
        let query = |text: &str| ListCasesRequest { query: text.into(), ..Default::default() };

        assert_eq!(ask(query("zandLOPER")).await, ["0002", "0006"], "name of the school");
        assert_eq!(ask(query("kortrijk")).await, ["0003", "0005"], "municipality");
        assert_eq!(ask(query("verdacht adres")).await, ["0003", "0006"], "title");
        assert_eq!(ask(query("sw-2026-0004")).await, ["0004"], "number");
        assert_eq!(ask(query("coinminer")).await, ["0002", "0005", "0007"], "signature");
        assert_eq!(ask(query("100%_de")).await, ["0004", "0007"], "signs that mean something to the store mean nothing here");
        assert_eq!(ask(query("1%e")).await, [""; 0]);
        let severe = ListCasesRequest { min_severity: CaseSeverity::High.into(), ..Default::default() };
        assert_eq!(ask(severe).await, ["0003", "0004", "0006"]);
        let closed = ListCasesRequest { phases: vec![CasePhase::Closed.into()], ..Default::default() };
        assert_eq!(ask(closed).await, ["0001"]);
        assert_eq!(ask(ListCasesRequest { assignee: "me".into(), ..Default::default() }).await, ["0006"]);
        assert_eq!(ask(ListCasesRequest { assignee: "nobody".into(), ..Default::default() }).await.len(), 5);
        let sams = sam().person_id().unwrap().to_string();
        assert_eq!(ask(ListCasesRequest { assignee: sams, ..Default::default() }).await, [""; 0]);
        assert_eq!(ask(ListCasesRequest { school_id: zandloper, ..Default::default() }).await, ["0002", "0006"]);
        let since = queue.iter().find(|case| case.reference == "SW-2026-0005").unwrap().open_time;
        assert_eq!(ask(ListCasesRequest { opened_after: since, ..Default::default() }).await, ["0006", "0007"]);
    }

    async fn an_answer_gives_the_moment_to_ask_what_is_new(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, _) = world.with_a_case().await;
        let page = world.cases().list_cases(world.by(&noor(), ListCasesRequest::default())).await.unwrap().into_inner();
        let new_since = ListCasesRequest { opened_after: page.read_time, ..Default::default() };
        assert_eq!(references(&world, new_since.clone()).await, [""; 0]);
        world.clock.advance(TimeDelta::seconds(1));
        world.report(school, TAKEOVER).await;
        assert_eq!(references(&world, new_since).await, ["0002"]);
    }

    async fn a_question_that_makes_no_sense_is_refused_with_its_fields(database: TestDatabase) {
        let world = World::start(&database).await;
        let nonsense = ListCasesRequest {
            query: "x".repeat(201),
            phases: vec![99],
            min_severity: 9,
            order_by: 77,
            school_id: "here".into(),
            assignee: "somebody".into(),
            ..Default::default()
        };
        let refused = world.cases().list_cases(world.by(&noor(), nonsense)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(fields(&refused), ["query", "phases", "min_severity", "order_by", "school_id", "assignee"]);
    }

    async fn a_page_token_belongs_to_its_question(database: TestDatabase) {
        let world = World::start(&database).await;
        a_busy_morning(&world).await;
        let question = ListCasesRequest { page_size: 1, ..Default::default() };
        let page = world.cases().list_cases(world.by(&noor(), question.clone())).await.unwrap().into_inner();
        let other = ListCasesRequest { page_token: page.next_page_token, reverse: true, ..question };
        let refused = world.cases().list_cases(world.by(&noor(), other)).await.unwrap_err();
        assert_eq!(fields(&refused), ["page_token"]);
    }

    async fn figures_above_the_queue_add_up(database: TestDatabase) {
        let world = World::start(&database).await;
        a_busy_morning(&world).await;
        let summarize = async |who| world.cases().summarize_queue(world.by(&who, SummarizeQueueRequest {})).await.unwrap().into_inner();
        let figures = summarize(noor()).await;
        assert_eq!((figures.open, figures.opened_today, figures.unassigned, figures.mine), (6, 7, 5, 1));
        assert_eq!((figures.late, figures.unassigned_late), (2, 2));
        assert_eq!(summarize(sam()).await.mine, 0);

        world.clock.advance(TimeDelta::minutes(20));
        let queue = world.queue().await;
        let case = |number: &str| queue.iter().find(|case| case.reference.ends_with(number)).unwrap();
        let sams = world.take(&sam(), case("0007")).await;
        let figures = summarize(noor()).await;
        assert_eq!(figures.median_reaction_seconds, 20 * 60, "reactions came after 0, 20 and 60 minutes");
        world.close(case("0006"), CloseReason::Resolved).await;
        let figures = summarize(noor()).await;
        assert_eq!(figures.median_resolution_seconds, 0, "solutions after 0 and 80 minutes: the earlier of the two in the middle");
        world.clock.advance(TimeDelta::minutes(10));
        world.close(&sams, CloseReason::Resolved).await;
        let figures = summarize(noor()).await;
        assert_eq!((figures.median_reaction_seconds, figures.median_resolution_seconds), (20 * 60, 30 * 60));

        world.clock.advance(TimeDelta::days(8));
        let later = summarize(noor()).await;
        assert_eq!((later.open, later.opened_today, later.late), (4, 0, 4));
        assert_eq!((later.median_reaction_seconds, later.median_resolution_seconds), (0, 0), "nothing happened in a week");
    }

    async fn an_empty_queue_has_figures_too(database: TestDatabase) {
        let world = World::start(&database).await;
        let figures = world.cases().summarize_queue(world.by(&responder(), SummarizeQueueRequest {})).await.unwrap().into_inner();
        assert_eq!(figures, proto::incident_intake::v1::QueueSummary::default());
        assert_eq!(world.queue().await, []);
    }
}
