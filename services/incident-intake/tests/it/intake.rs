//! From an alert in the log to a case in the queue.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use events::{Envelope, Topic};
use proto::{
    identity::v1::{Contact, OrganisationState, School},
    incident_intake::v1::{
        CaseEvent, CasePhase, CaseSeverity, CloseReason, Evidence, GetEvidenceRequest, ListCasesRequest, ListEvidenceRequest,
        timeline_entry::What,
    },
    network_monitor::v1::{AlertEvent, AlertSeverity, Endpoint},
};
use runtime::{EventId, SchoolId};
use testkit::on_both_stores;
use tonic::Code;

use crate::world::{Kind, MALWARE, MINING, OTHER_SCAN, POLICY, READABLE_PASSWORD, SCAN, TAKEOVER, World, responder, timestamp};

on_both_stores! {
    async fn an_alert_becomes_a_case_that_says_what_to_do(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        let news = world.report(school, MALWARE).await;

        let case = world.only_case().await;
        assert_eq!(case.reference, "SW-2026-0001");
        assert_eq!((case.school_name.as_str(), case.municipality.as_str()), ("Basisschool De Zandloper", "Aalter"));
        assert_eq!(case.title.as_ref().unwrap().nl, "Een computer zoekt contact met een verdacht adres");
        let story = case.story.as_ref().unwrap();
        assert!(story.r#do[0].en.contains("Take {device} off the network"));
        assert!(story.call.as_ref().unwrap().en.contains("{number}") && !story.do_not.is_empty());
        assert_eq!((case.rsit_class.as_str(), case.rsit_type.as_str()), ("malicious-code", "infected-system"));
        assert_eq!(case.rsit_name.as_ref().unwrap().nl, "Schadelijke software: besmet toestel");
        assert_eq!((case.severity(), case.phase()), (CaseSeverity::High, CasePhase::Open));
        assert_eq!((case.alert_count, case.event_count, case.origin.as_str(), case.tlp.as_str()), (1, 1, "network", "TLP:AMBER"));
        assert_eq!(case.react_by_time, Some(timestamp(world.now() + TimeDelta::minutes(30))));
        assert_eq!(case.resolve_by_time, Some(timestamp(world.now() + TimeDelta::hours(72))));
        assert_eq!((case.react_time, case.assignee, case.content_version.as_str()), (None, None, "2026.1"));

        let case = world.only_case().await;
        let evidence = world.evidence(&case).await;
        let alert = news.alert.unwrap();
        assert_eq!(evidence.len(), 1);
        assert_eq!((&evidence[0].alert_id, &evidence[0].raw_event), (&alert.alert_id, &alert.raw_event));
        assert_eq!(evidence[0].source_device_name, "SEC-PC-02");
        assert_eq!(evidence[0].raw_event_sha256, "e1e4d09db28bf961c2ba2a383829c8300cd809a8ee5742665275814242c3ef57");

        let timeline = world.timeline(&responder(), &case).await;
        let Some(What::Opened(opened)) = &timeline[0].what else { panic!("{timeline:#?}") };
        assert_eq!((opened.reason.as_str(), opened.count, opened.window_seconds), ("first_alert", 1, 0));
        assert_eq!((timeline[0].actor.as_ref(), timeline[0].audit_seq, timeline[0].audit_hash.len()), (None, 1, 12));
        assert_eq!(world.audit_rows().await, 1);

        let event: CaseEvent = world.events(Topic::Case, 1).await[0].decode().unwrap();
        assert_eq!((event.change.as_str(), event.case.unwrap()), ("opened", case));
    }

    async fn lists_leave_raw_events_out_unless_asked_and_one_alert_has_its_own(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        let whole = world.evidence(&case).await.remove(0);

        let question = ListEvidenceRequest { case_id: case.case_id.clone(), ..Default::default() };
        let listed = world.cases().list_evidence(world.by(&responder(), question)).await.unwrap().into_inner().evidence;
        assert_eq!(listed, [Evidence { raw_event: String::new(), ..whole.clone() }], "its fingerprint comes along");
        let question = GetEvidenceRequest { case_id: case.case_id.clone(), alert_id: whole.alert_id.clone() };
        assert_eq!(world.cases().get_evidence(world.by(&responder(), question)).await.unwrap().into_inner(), whole);
        let absent = GetEvidenceRequest { case_id: case.case_id.clone(), alert_id: case.case_id };
        assert_eq!(world.cases().get_evidence(world.by(&responder(), absent)).await.unwrap_err().code(), Code::NotFound);
    }

    async fn further_alerts_of_a_signature_become_evidence(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Atheneum De Merel", "Kortrijk").await;
        let first = world.report(school, MALWARE).await;
        let etag = world.only_case().await.etag;
        world.clock.advance(TimeDelta::hours(1));
        world.report(school, MALWARE).await;

        let grown = grown(&first, 40, world.now());
        world.send(&grown).await;
        world.settle().await;

        let case = world.only_case().await;
        assert_eq!((case.alert_count, case.event_count), (2, 42));
        assert_eq!(case.last_event_time, Some(timestamp(world.now())));
        assert_eq!(case.etag, etag, "what sensors add gets in nobody's way");
        let evidence = world.evidence(&case).await;
        assert_eq!(evidence.iter().map(|evidence| evidence.event_count).collect::<Vec<_>>(), [41, 1]);
        let timeline = world.timeline(&responder(), &case).await;
        assert!(matches!(&timeline[0].what, Some(What::AlertAttached(attached)) if attached.new_events == 1), "{timeline:#?}");
        assert_eq!(timeline.len(), 2, "growth is in the counts, not in the timeline");
    }

    async fn a_worse_alert_raises_the_severity_and_tightens_the_clock(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Atheneum De Merel", "Kortrijk").await;
        world.report(school, MINING).await;
        assert_eq!(world.only_case().await.severity(), CaseSeverity::Low);
        world.clock.advance(TimeDelta::hours(2));
        world.report(school, Kind { severity: AlertSeverity::High, ..MINING }).await;

        let case = world.only_case().await;
        assert_eq!(case.severity(), CaseSeverity::Medium);
        assert_eq!(case.react_by_time, Some(timestamp(world.now() + TimeDelta::hours(4))));
        let timeline = world.timeline(&responder(), &case).await;
        assert!(matches!(&timeline[0].what, Some(What::SeverityRaised(raised)) if raised.from == 1 && raised.to == 2), "{timeline:#?}");
        assert_eq!(world.audit_rows().await, 3);
    }

    async fn a_scan_becomes_a_case_at_its_threshold_with_all_that_waited(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        let other_school = world.school("Freinetschool De Spiraal", "Gent").await;
        let first = world.report(school, SCAN).await;
        world.send(&grown(&first, 28, world.now())).await;
        let other = events(world.alert(school, OTHER_SCAN), 20);
        world.send(&other).await;
        world.send(&events(world.alert(other_school, SCAN), 49)).await;
        world.settle().await;
        assert_eq!(world.queue().await, [], "49 events at each school, where 50 are needed");

        world.clock.advance(TimeDelta::minutes(9));
        world.report(school, SCAN).await;

        let case = world.only_case().await;
        assert_eq!((case.alert_count, case.event_count, case.severity()), (3, 50, CaseSeverity::Medium));
        assert_eq!(case.signature_id, SCAN.id);
        let opened = world.timeline(&responder(), &case).await;
        let Some(What::Opened(opened)) = &opened[0].what else { panic!("{opened:#?}") };
        assert_eq!((opened.reason.as_str(), opened.count, opened.window_seconds), ("events_within_window", 50, 600));
        assert_eq!(world.evidence(&case).await.len(), 3);

        let of_other_signature = other.alert.as_ref().unwrap().alert_id.clone();
        assert!(world.evidence(&case).await.iter().any(|evidence| evidence.alert_id == of_other_signature));
        world.send(&grown(&other, 30, world.now())).await;
        world.report(school, OTHER_SCAN).await;
        let case = world.only_case().await;
        assert_eq!((case.alert_count, case.event_count), (3, 80), "evidence stays with its case; a new alert of that signature counts again");
    }

    async fn an_alert_that_waited_at_two_times_is_evidence_of_both_cases(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        let first = events(world.alert(school, SCAN), 20);
        world.send(&first).await;
        world.clock.advance(TimeDelta::minutes(5));
        let heard_late = events(world.alert(school, SCAN), 40);
        world.clock.advance(TimeDelta::minutes(10));
        world.send(&grown(&first, 30, world.now())).await;
        world.clock.advance(TimeDelta::minutes(5));
        world.send(&events(world.alert(school, SCAN), 30)).await;
        world.settle().await;
        let case = world.only_case().await;
        assert_eq!((case.event_count, world.evidence(&case).await.len()), (60, 2));
        world.close(&case, CloseReason::Resolved).await;

        world.send(&heard_late).await;
        world.settle().await;
        let case = world.only_case().await;
        assert_eq!((case.event_count, world.evidence(&case).await.len()), (60, 2), "the first 20 events of the first alert, and 40");
    }

    async fn events_further_apart_than_the_window_do_not_add_up(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        for _ in 0..4 {
            world.send(&events(world.alert(school, SCAN), 40)).await;
            world.settle().await;
            world.clock.advance(TimeDelta::minutes(10));
        }
        assert_eq!(world.queue().await, []);
    }

    async fn events_heard_late_count_when_they_happened(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        let early = events(world.alert(school, SCAN), 30);
        world.clock.advance(TimeDelta::hours(3));
        let late = events(world.alert(school, SCAN), 30);
        world.send(&late).await;
        world.send(&early).await;
        world.settle().await;
        assert_eq!(world.queue().await, [], "three hours lie between them, although we heard of both now");
    }

    async fn a_sensor_that_speaks_all_the_time_does_not_fill_the_table(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        let first = world.report(school, READABLE_PASSWORD).await;
        for _ in 0..100 {
            world.clock.advance(TimeDelta::minutes(1));
            world.send(&grown(&first, 1, world.now())).await;
        }
        world.settle().await;
        assert_eq!(world.queue().await, [], "it is one alert, where five different ones are needed");
        let kept = world.count_rows("sighting").await;
        assert!(kept <= 3, "{kept} rows for 100 minutes of a window of a day");
    }

    async fn house_rules_open_no_case(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        world.send(&events(world.alert(school, POLICY), 10_000)).await;
        world.settle().await;
        assert_eq!(world.queue().await, []);
    }

    async fn news_delivered_twice_counts_once(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        let news = world.alert(school, MALWARE);
        let envelope = Envelope::new(world.new_id::<EventId>(), world.now(), "network-monitor", school.to_string(), &news);
        world.log.append(Topic::Alert, vec![envelope.clone().into_record(), envelope.clone().into_record()]).await.unwrap();
        world.settle().await;
        world.publish(Topic::Alert, envelope).await;
        world.settle().await;
        assert_eq!(world.only_case().await.event_count, 1);
    }

    async fn after_closing_the_same_signature_opens_a_new_case(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        world.close(&case, CloseReason::Resolved).await;
        world.report(school, MALWARE).await;
        let again = world.only_case().await;
        assert_ne!(again.case_id, case.case_id);
        assert_eq!(again.reference, "SW-2026-0002");
    }

    async fn a_false_positive_keeps_its_signature_quiet_for_a_while(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        let elsewhere = world.school("Technisch Instituut Sint-Barbara", "Genk").await;
        world.close(&case, CloseReason::FalsePositive).await;

        world.clock.advance(TimeDelta::days(13));
        world.report(school, MALWARE).await;
        assert_eq!(world.queue().await, [], "quiet at this school");
        world.report(elsewhere, MALWARE).await;
        assert_eq!(world.only_case().await.school_id, elsewhere.to_string(), "not quiet elsewhere");

        world.clock.advance(TimeDelta::days(1));
        world.report(school, MALWARE).await;
        assert_eq!(world.queue().await.len(), 2, "the quiet time is over");
    }

    async fn a_false_positive_that_comes_back_worse_is_heard(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        world.report(school, MINING).await;
        world.close(&world.only_case().await, CloseReason::FalsePositive).await;
        world.report(school, Kind { severity: AlertSeverity::High, ..MINING }).await;
        assert_eq!(world.only_case().await.severity(), CaseSeverity::Medium);
    }

    async fn numbers_have_no_gaps_and_begin_anew_each_year_in_brussels(database: TestDatabase) {
        let world = World::start(&database).await;
        world.clock.set("2026-12-31T22:59:59Z".parse().unwrap());
        let schools: Vec<SchoolId> = (0..12).map(|_| world.new_id()).collect();
        for school in &schools {
            world.send(&world.alert(*school, MALWARE)).await;
        }
        world.settle().await;
        world.clock.advance(TimeDelta::seconds(1));
        world.report(schools[0], TAKEOVER).await;

        let mut references: Vec<_> = world.queue().await.into_iter().map(|case| case.reference).collect();
        references.sort();
        let mut expected: Vec<_> = (1..=12).map(|number| format!("SW-2026-{number:04}")).collect();
        expected.push("SW-2027-0001".to_owned());
        assert_eq!(references, expected);
    }

    async fn a_case_does_not_wait_for_the_name_of_its_school(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.new_id();
        world.report(school, MALWARE).await;
        assert_eq!(world.only_case().await.school_name, "");
        world.describe(school, "Vrije Basisschool De Linde", "Zottegem").await;
        world.settle().await;
        assert_eq!(world.only_case().await.school_name, "Vrije Basisschool De Linde");
    }

    async fn a_case_says_whom_to_call_at_its_school_now(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        assert_eq!((case.contact_name.as_str(), case.contact_phone.as_str()), ("", ""));
        let contact = |name: &str| Contact { name: name.to_owned(), phone: "09 374 12 34".to_owned(), ..Default::default() };
        let state = |contacts| OrganisationState { school: Some(School { school_id: school.to_string(), ..Default::default() }), contacts, ..Default::default() };
        world.tell(school, &state(vec![contact("Onthaal"), contact("Bewaking")])).await;
        world.settle().await;
        let case = world.only_case().await;
        assert_eq!((case.contact_name.as_str(), case.contact_phone.as_str()), ("Onthaal", "09 374 12 34"));
        world.tell(school, &state(Vec::new())).await;
        world.settle().await;
        assert_eq!(world.only_case().await.contact_name, "");
    }

    async fn a_flood_of_alerts_is_counted_whole_and_kept_in_part(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        let mut records = Vec::new();
        for _ in 0..504 {
            let news = world.alert(school, MALWARE);
            let envelope = Envelope::new(world.new_id::<EventId>(), world.now(), "network-monitor", school.to_string(), &news);
            records.push(envelope.into_record());
        }
        world.log.append(Topic::Alert, records).await.unwrap();
        world.settle().await;

        let case = world.cases().get_case(world.by(&responder(), get(&case.case_id))).await.unwrap().into_inner();
        assert_eq!((case.alert_count, case.event_count), (505, 505));
        assert_eq!(case.severity(), CaseSeverity::VeryHigh, "ten alerts of malware are an outbreak");
        let question = ListEvidenceRequest { case_id: case.case_id.clone(), page_size: 1, ..Default::default() };
        let evidence = world.cases().list_evidence(world.by(&responder(), question)).await.unwrap().into_inner();
        assert_eq!(evidence.total_size, 500);

        // Raw events are large, so that an answer with 200 of them is none that clients take.
        let mut with_raw_events =
            ListEvidenceRequest { case_id: case.case_id.clone(), page_size: 200, include_raw_events: true, ..Default::default() };
        let mut pages = Vec::new();
        loop {
            let page = world.cases().list_evidence(world.by(&responder(), with_raw_events.clone())).await.unwrap().into_inner();
            pages.push(page.evidence.len());
            with_raw_events.page_token = page.next_page_token;
            if with_raw_events.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(pages, [100; 5]);
        let told = world.timeline(&responder(), &case).await;
        assert_eq!(told.len(), 10, "opened, 2, 5, 10, 20, 50, 100, 200 and 500 alerts, and the severity");
    }

    async fn nul_from_a_sensor_harms_nothing(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        let mut news = world.alert(school, MALWARE);
        let alert = news.alert.as_mut().unwrap();
        alert.signature.push('\0');
        alert.source.as_mut().unwrap().device_name = "nas1\0".into();
        world.send(&news).await;
        world.settle().await;
        let case = world.only_case().await;
        assert_eq!(case.signature, MALWARE.text);
        assert_eq!(world.evidence(&case).await[0].source_device_name, "nas1");
    }
}

fn get(case_id: &str) -> proto::incident_intake::v1::GetCaseRequest {
    proto::incident_intake::v1::GetCaseRequest { case_id: case_id.to_owned() }
}

/// The same alert with so many events in one.
pub fn events(mut news: AlertEvent, count: i64) -> AlertEvent {
    news.new_events = count;
    news.alert.as_mut().unwrap().event_count = count;
    news
}

/// Later news of an alert.
pub fn grown(news: &AlertEvent, more: i64, at: chrono::DateTime<chrono::Utc>) -> AlertEvent {
    let mut news = news.clone();
    let alert = news.alert.as_mut().unwrap();
    alert.event_count += more;
    alert.last_time = Some(timestamp(at));
    AlertEvent { alert: news.alert, first: false, new_events: more }
}

/// What a sensor of the reference data would have reported: one alert an event.
fn real_alerts(world: &World, school: SchoolId) -> Option<Vec<AlertEvent>> {
    let file = testkit::shared_data("suricata/wrccdc-2018-alerts.json")?;
    let events: Vec<serde_json::Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let alerts = events.into_iter().map(|event| {
        let text = |pointer: &str| event.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let severity = match event["alert"]["severity"].as_i64() {
            Some(1) => AlertSeverity::High,
            Some(2) => AlertSeverity::Medium,
            _ => AlertSeverity::Low,
        };
        let moment = chrono::DateTime::parse_from_str(&text("/timestamp"), "%Y-%m-%dT%H:%M:%S%.f%z").unwrap().to_utc();
        let mut news = world.alert(school, MALWARE);
        let alert = news.alert.as_mut().unwrap();
        alert.signature_id = format!("suricata:{}:{}", event["alert"]["gid"], event["alert"]["signature_id"]);
        alert.signature = text("/alert/signature");
        alert.category = text("/alert/category");
        alert.severity = severity.into();
        alert.source = Some(Endpoint { ip: text("/src_ip"), ..Endpoint::default() });
        (alert.first_time, alert.last_time) = (Some(timestamp(moment)), Some(timestamp(moment)));
        alert.raw_event = event.to_string();
        news
    });
    Some(alerts.collect())
}

on_both_stores! {
    async fn real_alerts_of_a_bad_day_become_cases_and_noise_does_not(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Lyceum Ter Leie", "Deinze").await;
        let Some(alerts) = real_alerts(&world, school) else { return };
        for news in &alerts {
            world.send(news).await;
        }
        world.settle().await;

        let all = ListCasesRequest { page_size: 200, ..Default::default() };
        let mut by_type: BTreeMap<String, u32> = BTreeMap::new();
        for case in world.list(&responder(), all).await {
            *by_type.entry(format!("{}/{}", case.rsit_class, case.rsit_type)).or_default() += 1;
        }
        // Every signature of these classes opens its own case; counted in the file by hand.
        let expected = [
            ("fraud/unauthorised-use-of-resources", 3), ("intrusion-attempts/ids-alert", 37), ("intrusions/system-compromise", 17),
            ("malicious-code/infected-system", 5), ("malicious-code/malware-distribution", 3), ("vulnerable/weak-crypto", 1),
        ];
        assert_eq!(by_type, expected.map(|(kind, count)| (kind.to_owned(), count)).into());
    }
}
