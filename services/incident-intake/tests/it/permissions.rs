//! Who may do what: every call by every role, with a case of the own school and of another.

use auth::{Function, Principal, Subject};
use proto::{
    history::v1::{ListHistoryRequest, ListUsesRequest, list_uses_request},
    incident_intake::v1::{
        AddCaseNoteRequest, AssignCaseRequest, Case, CasePhase, ChangeCasePhaseRequest, CloseCaseRequest, CloseReason,
        ExplainAlertsRequest, GetCaseRequest, GetEvidenceRequest, ListCasesRequest, ListEvidenceRequest, ListTimelineRequest,
        ReopenCaseRequest, SummarizeQueueRequest, WatchCasesRequest,
    },
};
use runtime::BoardId;
use testkit::on_both_stores;
use tonic::{Code, Request};

use crate::world::{MALWARE, TAKEOVER, World, director, ict_coordinator, lead, operator, responder};

const CALLS: [&str; 15] = [
    "GetCase",
    "ListCases",
    "SummarizeQueue",
    "AssignCase",
    "ChangeCasePhase",
    "AddCaseNote",
    "CloseCase",
    "ReopenCase",
    "ListTimeline",
    "GetEvidence",
    "ListEvidence",
    "ExplainAlerts",
    "WatchCases",
    "ListHistory",
    "ListUses",
];

/// Makes a call that would succeed, but for permission. `school_id` is used where there is no case.
async fn call(world: &World, who: &Principal, name: &str, case: &Case) -> Code {
    let mut cases = world.cases();
    let (case_id, etag) = (case.case_id.clone(), "r0".to_owned());
    let text = "Omdat het moet".to_owned();
    let outcome = match name {
        "GetCase" => cases.get_case(world.by(who, GetCaseRequest { case_id })).await.map(drop),
        "ListCases" => {
            let question = ListCasesRequest { school_id: case.school_id.clone(), ..Default::default() };
            cases.list_cases(world.by(who, question)).await.map(drop)
        }
        "SummarizeQueue" => cases.summarize_queue(world.by(who, SummarizeQueueRequest {})).await.map(drop),
        "AssignCase" => cases.assign_case(world.by(who, AssignCaseRequest { case_id, assignee: "me".into(), etag })).await.map(drop),
        "ChangeCasePhase" => {
            let ask = ChangeCasePhaseRequest { case_id, phase: CasePhase::InProgress.into(), etag };
            cases.change_case_phase(world.by(who, ask)).await.map(drop)
        }
        "AddCaseNote" => {
            let ask = AddCaseNoteRequest { case_id, text, tlp: String::new(), request_id: String::new() };
            cases.add_case_note(world.by(who, ask)).await.map(drop)
        }
        "CloseCase" => {
            let ask = CloseCaseRequest { case_id, reason: CloseReason::Resolved.into(), text, etag };
            cases.close_case(world.by(who, ask)).await.map(drop)
        }
        "ReopenCase" => cases.reopen_case(world.by(who, ReopenCaseRequest { case_id, text, etag })).await.map(drop),
        "ListTimeline" => cases.list_timeline(world.by(who, ListTimelineRequest { case_id, ..Default::default() })).await.map(drop),
        "GetEvidence" => {
            let question = ListEvidenceRequest { case_id: case_id.clone(), ..Default::default() };
            let evidence = cases.list_evidence(world.by(&responder(), question)).await.map(|answer| answer.into_inner().evidence);
            let alert_id = evidence.ok().and_then(|evidence| Some(evidence.first()?.alert_id.clone())).unwrap_or_else(|| case_id.clone());
            cases.get_evidence(world.by(who, GetEvidenceRequest { case_id, alert_id })).await.map(drop)
        }
        "ListEvidence" => cases.list_evidence(world.by(who, ListEvidenceRequest { case_id, ..Default::default() })).await.map(drop),
        "ExplainAlerts" => {
            let question = ExplainAlertsRequest { school_id: case.school_id.clone(), alerts: Vec::new() };
            cases.explain_alerts(world.by(who, question)).await.map(drop)
        }
        "WatchCases" => cases.watch_cases(world.by(who, WatchCasesRequest {})).await.map(drop),
        "ListHistory" => {
            let question = ListHistoryRequest { school_id: case.school_id.clone(), ..Default::default() };
            world.history().list_history(world.by(who, question)).await.map(drop)
        }
        "ListUses" => {
            let organisation = Some(list_uses_request::Organisation::SchoolId(case.school_id.clone()));
            world.history().list_uses(world.by(who, ListUsesRequest { organisation })).await.map(drop)
        }
        other => panic!("{other}"),
    };
    outcome.map_or_else(|status| status.code(), |()| Code::Ok)
}

on_both_stores! {
    async fn every_call_by_every_role_gives_what_it_should(database: TestDatabase) {
        let mut calls = CALLS;
        calls.sort_unstable();
        assert_eq!(testkit::grpc_methods_of("schildwacht.incident_intake.v1"), calls, "call the new method here");
        let world = World::start(&database).await;
        let own = world.school("Basisschool De Zandloper", "Aalter").await;
        let other = world.school("Atheneum De Merel", "Kortrijk").await;
        let board: BoardId = world.new_id();
        world.people.hierarchy().place(own, board);
        world.report(own, MALWARE).await;
        world.report(other, TAKEOVER).await;
        let queue = world.queue().await;
        let case_at = |school: runtime::SchoolId| queue.iter().find(|case| case.school_id == school.to_string()).unwrap();
        let absent = Case { case_id: world.new_id::<runtime::CaseId>().to_string(), ..case_at(own).clone() };
        let gateway = Principal { subject: Subject::Gateway(world.new_id()), name: "gateway".into(), functions: Vec::new() };
        let roles = [
            ("responder", responder()), ("response lead", lead()), ("operator", operator()), ("director", director(own)),
            ("ict coordinator", ict_coordinator(own)), ("board member", testkit::person(16, &[Function::BoardMember(board)])),
            ("DPO", testkit::person(17, &[Function::Dpo(board)])), ("reviewer", testkit::person(18, &[Function::Reviewer])),
            ("vendor contact", testkit::person(19, &[Function::VendorContact(world.new_id())])),
            ("pupil", testkit::person(20, &[Function::Pupil])), ("parent", testkit::person(21, &[Function::Parent])),
            ("editor", testkit::person(22, &[Function::Editor])), ("teacher", testkit::person(23, &[Function::Teacher(own)])),
            ("nobody", testkit::person(99, &[])), ("gateway", gateway),
        ];

        let mut table = format!("{:16} {:16} {:20} {:20} {}\n", "", "", "own school", "other school", "no such case");
        for (role, who) in &roles {
            for name in CALLS {
                let mut codes = Vec::new();
                for case in [case_at(own), case_at(other), &absent] {
                    codes.push(format!("{:?}", call(&world, who, name, case).await));
                }
                table.push_str(format!("{role:16} {name:16} {:20} {:20} {}", codes[0], codes[1], codes[2]).trim_end());
                table.push('\n');
            }
        }
        insta::assert_snapshot!("every_call_by_every_role", table);
        let rows = world.audit_rows().await;
        // Notes need no etag, so those of responder and lead were written; nothing else was.
        assert_eq!(rows, 2 + 2 * 2);
    }

    async fn without_a_token_nothing_is_told(database: TestDatabase) {
        let world = World::start(&database).await;
        let refused = world.cases().list_cases(Request::new(ListCasesRequest::default())).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
    }

    async fn a_message_larger_than_any_question_is_refused_before_it_is_read(database: TestDatabase) {
        let world = World::start(&database).await;
        let question = ListCasesRequest { query: "x".repeat(600 * 1024), ..Default::default() };
        let refused = world.cases().list_cases(world.by(&responder(), question)).await.unwrap_err();
        assert_eq!(refused.code(), Code::OutOfRange, "{refused}");
    }

    async fn a_school_sees_its_own_cases_and_figures_only(database: TestDatabase) {
        let world = World::start(&database).await;
        let own = world.school("Basisschool De Zandloper", "Aalter").await;
        let other = world.school("Atheneum De Merel", "Kortrijk").await;
        world.report(own, MALWARE).await;
        world.report(other, TAKEOVER).await;
        let who = director(own);
        let cases = world.list(&who, ListCasesRequest::default()).await;
        assert_eq!(cases.iter().map(|case| case.school_id.clone()).collect::<Vec<_>>(), [own.to_string()]);
        let figures = world.cases().summarize_queue(world.by(&who, SummarizeQueueRequest {})).await.unwrap().into_inner();
        assert_eq!((figures.open, figures.unassigned), (1, 1));
        let by_word = ListCasesRequest { query: "Merel".into(), ..Default::default() };
        assert_eq!(world.list(&who, by_word).await, []);
    }
}
