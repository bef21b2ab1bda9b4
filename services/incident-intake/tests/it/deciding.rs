//! What people decide about a case.

use chrono::TimeDelta;
use proto::incident_intake::v1::{
    AddCaseNoteRequest, AssignCaseRequest, Case, CasePhase, ChangeCasePhaseRequest, CloseCaseRequest, CloseReason, GetCaseRequest,
    ReopenCaseRequest, timeline_entry::What,
};
use testkit::on_both_stores;
use tonic::Code;

use crate::{
    intake::{events, grown},
    world::{MALWARE, OTHER_SCAN, SCAN, World, director, fields, lead, noor, reason, responder, sam, timestamp},
};

on_both_stores! {
    async fn a_case_is_worked_from_taking_to_closing_and_reopening(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        let mut cases = world.cases();

        world.clock.advance(TimeDelta::minutes(14));
        let case = world.take(&noor(), &case).await;
        assert_eq!(case.assignee.as_ref().unwrap().name, "Noor Claes");
        assert_eq!(case.react_time, Some(timestamp(world.now())));
        let case = cases.change_case_phase(world.by(&noor(), phase(&case, CasePhase::Containment))).await.unwrap().into_inner();
        assert_eq!((case.phase(), case.phase_time), (CasePhase::Containment, Some(timestamp(world.now()))));
        cases.add_case_note(world.by(&sam(), note(&case, "Karim vervangt de wachtwoorden", "TLP:AMBER"))).await.unwrap();
        world.clock.advance(TimeDelta::hours(3));
        let case = world.close(&case, CloseReason::Resolved).await;
        assert_eq!((case.phase(), case.close_reason(), case.close_text.as_str()), (CasePhase::Closed, CloseReason::Resolved, "Nagekeken met de school"));
        let reopen = ReopenCaseRequest { case_id: case.case_id.clone(), text: "Het is terug".into(), etag: case.etag.clone() };
        let case = cases.reopen_case(world.by(&lead(), reopen)).await.unwrap().into_inner();
        assert_eq!((case.phase(), case.close_reason()), (CasePhase::Containment, CloseReason::Unspecified));
        assert_eq!(case.phases_seen().collect::<Vec<_>>(), [CasePhase::Open, CasePhase::Containment], "one was passed over");
        assert_eq!(case.resolve_by_time, Some(timestamp(world.now() + TimeDelta::hours(72))));

        let timeline = world.timeline(&responder(), &case).await;
        let told: Vec<_> = timeline.iter().rev().map(|entry| (name(entry.what.as_ref().unwrap()), actor(entry))).collect();
        assert_eq!(told, [
            ("opened", "Schildwacht"), ("assigned", "Noor Claes"), ("phase_changed", "Noor Claes"), ("note", "Sam Peeters"),
            ("closed", "Noor Claes"), ("reopened", "Lotte Wils"),
        ]);
        let audited: Vec<_> = timeline.iter().rev().map(|entry| entry.audit_seq).collect();
        assert_eq!(audited, [1, 2, 3, 4, 5, 6], "every entry stands on a row of the chain");
        assert_eq!(world.audit_rows().await, 6);

        let changes: Vec<_> = world.events(events::Topic::Case, 6).await.iter().map(|event| {
            event.decode::<proto::incident_intake::v1::CaseEvent>().unwrap().change
        }).collect();
        assert_eq!(changes, ["opened", "assigned", "phase_changed", "note_added", "closed", "reopened"]);
    }

    async fn the_timeline_stays_in_order_when_the_clock_of_the_next_replica_is_behind(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        let case = world.take(&noor(), &case).await;
        world.clock.advance(TimeDelta::seconds(-2));
        world.close(&case, CloseReason::Resolved).await;
        let timeline = world.timeline(&responder(), &case).await;
        let told: Vec<_> = timeline.iter().rev().map(|entry| name(entry.what.as_ref().unwrap())).collect();
        assert_eq!(told, ["opened", "assigned", "closed"]);
    }

    async fn of_two_who_take_a_case_at_once_one_gets_it(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, mut case) = world.with_a_case().await;
        for _ in 0..10 {
            let (mut left, mut right) = (world.cases(), world.cases());
            let ask = AssignCaseRequest { case_id: case.case_id.clone(), assignee: "me".into(), etag: case.etag.clone() };
            let (by_noor, by_sam) = tokio::join!(
                left.assign_case(world.by(&noor(), ask.clone())),
                right.assign_case(world.by(&sam(), ask.clone())),
            );
            let (won, lost) = match (by_noor, by_sam) {
                (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won.into_inner(), lost),
                both => panic!("{both:?}"),
            };
            assert_eq!((lost.code(), reason(&lost).as_str()), (Code::Aborted, "etag_changed"));
            let give_back = AssignCaseRequest { case_id: case.case_id.clone(), assignee: String::new(), etag: won.etag };
            case = left.assign_case(world.by(&noor(), give_back)).await.unwrap().into_inner();
            assert_eq!(case.assignee, None);
        }
        assert_eq!(world.audit_rows().await, 21);
    }

    async fn people_and_a_busy_sensor_do_not_wait_in_a_circle(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, mut case) = world.with_a_case().await;
        for round in 0..20 {
            for _ in 0..5 {
                world.send(&world.alert(school, MALWARE)).await;
            }
            let to = if round % 2 == 0 { CasePhase::InProgress } else { CasePhase::Containment };
            case = world.cases().change_case_phase(world.by(&noor(), phase(&case, to))).await.unwrap().into_inner();
        }
        world.settle().await;
        let case = world.only_case().await;
        assert_eq!((case.alert_count, case.phase()), (101, CasePhase::Containment));
        world.audit_rows().await;
    }

    async fn a_change_must_say_what_it_is_based_on(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        let ask = CloseCaseRequest { case_id: "nonsense".into(), ..Default::default() };
        let refused = world.cases().close_case(world.by(&noor(), ask)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(fields(&refused), ["case_id", "reason", "text", "etag"], "all that is wrong is said at once");
        let refused = world.cases().change_case_phase(world.by(&noor(), phase(&case, CasePhase::Closed))).await.unwrap_err();
        assert_eq!(fields(&refused), ["phase"], "closing needs a reason, so it has a call of its own");
    }

    async fn a_closed_case_takes_only_notes(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        let case = world.close(&case, CloseReason::NoActionNeeded).await;
        let take = AssignCaseRequest { case_id: case.case_id.clone(), assignee: "me".into(), etag: case.etag.clone() };
        let refused = world.cases().assign_case(world.by(&noor(), take)).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "case_closed"));
        world.cases().add_case_note(world.by(&noor(), note(&case, "Verslag gemaakt", ""))).await.unwrap();
    }

    async fn an_open_case_cannot_be_reopened(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        let ask = ReopenCaseRequest { case_id: case.case_id.clone(), text: "Zomaar".into(), etag: case.etag };
        let refused = world.cases().reopen_case(world.by(&lead(), ask)).await.unwrap_err();
        assert_eq!(reason(&refused), "case_not_closed");
    }

    async fn a_case_whose_signature_has_a_newer_case_stays_closed(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        let case = world.close(&case, CloseReason::Resolved).await;
        world.report(school, MALWARE).await;
        let ask = ReopenCaseRequest { case_id: case.case_id.clone(), text: "Het is terug".into(), etag: case.etag };
        let refused = world.cases().reopen_case(world.by(&lead(), ask)).await.unwrap_err();
        assert_eq!(reason(&refused), "newer_case_open");
        assert!(refused.message().contains("SW-2026-0002"), "{}", refused.message());
    }

    async fn a_case_whose_alerts_belong_to_another_open_case_stays_closed(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        let other = events(world.alert(school, OTHER_SCAN), 20);
        world.send(&other).await;
        world.send(&events(world.alert(school, SCAN), 30)).await;
        world.settle().await;
        let case = world.close(&world.only_case().await, CloseReason::Resolved).await;
        world.clock.advance(TimeDelta::hours(1));
        world.send(&grown(&other, 50, world.now())).await;
        world.settle().await;
        assert_eq!(world.only_case().await.signature_id, OTHER_SCAN.id);

        let ask = ReopenCaseRequest { case_id: case.case_id.clone(), text: "Het is terug".into(), etag: case.etag.clone() };
        let refused = world.cases().reopen_case(world.by(&lead(), ask.clone())).await.unwrap_err();
        assert_eq!(reason(&refused), "evidence_in_open_case");
        assert!(refused.message().contains("SW-2026-0002"), "{}", refused.message());
        world.close(&world.only_case().await, CloseReason::Duplicate).await;
        world.cases().reopen_case(world.by(&lead(), ask)).await.unwrap();
    }

    async fn a_note_sent_twice_is_written_once(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        let ask = AddCaseNoteRequest { request_id: "0199c0de-0000-7000-8000-000000001c0f".into(), ..note(&case, "Gebeld met de directeur", "TLP:GREEN") };
        let first = world.cases().add_case_note(world.by(&noor(), ask.clone())).await.unwrap().into_inner();
        let second = world.cases().add_case_note(world.by(&noor(), ask.clone())).await.unwrap().into_inner();
        assert_eq!(first, second);
        assert_eq!(world.timeline(&noor(), &case).await.len(), 2);
        let other = AddCaseNoteRequest { text: "Iets anders".into(), ..ask.clone() };
        let refused = world.cases().add_case_note(world.by(&noor(), other)).await.unwrap_err();
        assert_eq!(reason(&refused), "request_id_reused");
        world.cases().add_case_note(world.by(&sam(), ask)).await.unwrap();
        assert_eq!(world.timeline(&noor(), &case).await.len(), 3, "somebody else's request is another one");
    }

    async fn notes_for_the_team_alone_are_not_shown_to_the_school(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        for tlp in ["TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR", ""] {
            world.cases().add_case_note(world.by(&noor(), note(&case, "Een notitie", tlp))).await.unwrap();
        }
        let read_by = async |who| {
            let entries = world.timeline(&who, &case).await;
            let marks = entries.iter().rev().filter_map(|entry| match &entry.what {
                Some(What::Note(note)) => Some(note.tlp.clone()),
                _ => None,
            });
            marks.collect::<Vec<_>>()
        };
        assert_eq!(read_by(sam()).await, ["TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR", "TLP:AMBER+STRICT"]);
        assert_eq!(read_by(director(school)).await, ["TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"], "nor what nobody said anything of");
    }

    async fn notes_have_bounds(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        for (text, tlp, wrong) in [("  ", "", vec!["text"]), (&"é".repeat(10_001), "", vec!["text"]), ("a\0b", "TLP:PINK", vec!["text", "tlp"])] {
            let refused = world.cases().add_case_note(world.by(&noor(), note(&case, text, tlp))).await.unwrap_err();
            assert_eq!(fields(&refused), wrong);
        }
        world.cases().add_case_note(world.by(&noor(), note(&case, &"é".repeat(10_000), ""))).await.unwrap();
    }

    async fn a_case_goes_only_to_somebody_we_know(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        let give = |to: String, case: &Case| AssignCaseRequest { case_id: case.case_id.clone(), assignee: to, etag: case.etag.clone() };
        let sams_id = sam().person_id().unwrap().to_string();
        let refused = world.cases().assign_case(world.by(&lead(), give(sams_id.clone(), &case))).await.unwrap_err();
        assert_eq!(fields(&refused), ["assignee"], "nobody here has heard of Sam");

        world.cases().add_case_note(world.by(&sam(), note(&case, "Ik kan helpen", ""))).await.unwrap();
        let case = world.cases().assign_case(world.by(&lead(), give(sams_id, &case))).await.unwrap().into_inner();
        assert_eq!(case.assignee.unwrap().name, "Sam Peeters");
    }

    async fn doing_what_is_done_already_leaves_no_trace(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        let case = world.take(&noor(), &case).await;
        world.clock.advance(TimeDelta::hours(1));
        let again = world.take(&noor(), &case).await;
        assert_eq!(again, case);
        assert_eq!(world.audit_rows().await, 2);
        let read = world.cases().get_case(world.by(&noor(), GetCaseRequest { case_id: case.case_id.clone() })).await.unwrap().into_inner();
        assert_eq!(read, case);
    }
}

fn phase(case: &Case, phase: CasePhase) -> ChangeCasePhaseRequest {
    ChangeCasePhaseRequest { case_id: case.case_id.clone(), phase: phase.into(), etag: case.etag.clone() }
}

fn note(case: &Case, text: &str, tlp: &str) -> AddCaseNoteRequest {
    AddCaseNoteRequest { case_id: case.case_id.clone(), text: text.into(), tlp: tlp.into(), request_id: String::new() }
}

fn name(what: &What) -> &'static str {
    match what {
        What::Opened(_) => "opened",
        What::AlertAttached(_) => "alert_attached",
        What::Assigned(_) => "assigned",
        What::PhaseChanged(_) => "phase_changed",
        What::Note(_) => "note",
        What::Closed(_) => "closed",
        What::Reopened(_) => "reopened",
        What::SeverityRaised(_) => "severity_raised",
    }
}

fn actor(entry: &proto::incident_intake::v1::TimelineEntry) -> &str {
    entry.actor.as_ref().map_or("Schildwacht", |person| person.name.as_str())
}
