//! Alerts, as they open and grow.

use proto::network_monitor::v1::{Alert, AlertSeverity, CreateSuppressionRequest, GetAlertRequest, ListAlertsRequest, ListAlertsResponse};
use testkit::{director_of, eventually, on_both_stores};

use crate::world::{World, alert, flow, lease};

const NOTICE: &str = r#"{"_path":"notice","ts":"2026-09-24T09:40:00.5Z","uid":"C1","id.orig_h":"10.0.0.5","id.orig_p":40000,"id.resp_h":"10.0.0.9","id.resp_p":443,"proto":"tcp","note":"SSL::Invalid_Server_Cert","msg":"SSL certificate validation failed","src":"10.0.0.5","dst":"10.0.0.9","p":443}"#;

on_both_stores! {
    async fn an_alert_opens_grows_and_is_told_of_each_time(database: TestDatabase) {
        let world = World::start(&database).await;
        let first = alert("2026-09-24T09:30:00+0000", 100, 1, "10.0.0.5", "198.51.100.7");
        world.post(&(lease("2026-09-24T09:00:00+0000", "00:1b:21:0a:bc:01", "10.0.0.5", "LKR-LT-11") + &first)).await;
        world.post(&(alert("2026-09-24T09:31:00+0000", 100, 1, "10.0.0.5", "198.51.100.7") + &alert("2026-09-24T09:20:00+0000", 100, 1, "10.0.0.5", "198.51.100.7"))).await;

        let events = world.alert_events(2).await;
        assert_eq!(events.iter().map(|(_, event)| (event.first, event.new_events)).collect::<Vec<_>>(), [(true, 1), (false, 2)]);
        assert!(events.iter().all(|(envelope, _)| envelope.key == world.school.to_string().as_bytes()));
        let told = events[0].1.alert.clone().unwrap();
        assert_eq!(told.signature_id, "suricata:1:100");
        assert_eq!(told.raw_event, first.trim_end());
        assert_eq!((told.sensor.as_str(), told.gateway_id.as_str()), ("suricata", world.gateway.to_string().as_str()));
        assert_eq!(told.source.as_ref().unwrap().device_name, "LKR-LT-11");
        assert_eq!(told.destination.as_ref().unwrap().device_id, "");

        let listed = world.all_alerts().await;
        assert_eq!(listed.total_size, 1);
        assert_eq!(Some(&listed.alerts[0]), events[1].1.alert.as_ref(), "the list shows what the last event told");
        assert_eq!(listed.alerts[0].event_count, 3);
        let request = GetAlertRequest { school_id: world.school.to_string(), alert_id: told.alert_id };
        assert_eq!(world.alerts().get_alert(world.asks(request)).await.unwrap().into_inner(), listed.alerts[0]);

        let without_raw_events = world.alerts().list_alerts(world.asks(ListAlertsRequest::default())).await.unwrap().into_inner();
        assert_eq!(without_raw_events.alerts, [Alert { raw_event: String::new(), ..listed.alerts[0].clone() }]);
    }

    async fn growth_that_waited_is_told_within_a_minute_without_another_event(database: TestDatabase) {
        let world = World::start(&database).await;
        let event = |second: u8| alert(&format!("2026-09-24T09:30:{second:02}+0000"), 100, 1, "10.0.0.5", "198.51.100.7");
        let lines: String = (0..10).map(event).collect();
        world.post(&(lease("2026-09-24T09:00:00+0000", "00:1b:21:0a:bc:01", "10.0.0.5", "LKR-LT-11") + &lines)).await;
        world.clock.advance(chrono::TimeDelta::seconds(30));
        world.post(&(event(10) + &event(11))).await;
        assert_eq!(world.all_alerts().await.alerts[0].event_count, 12);
        world.clock.advance(chrono::TimeDelta::seconds(30));
        let due = runtime::Clock::from(world.clock.clone()).now();

        let [_, (envelope, told)] = &world.alert_events(2).await[..] else { panic!("two events") };
        assert_eq!((told.first, told.new_events, envelope.time), (false, 2, due), "not told with its batch");
        let shown = told.alert.as_ref().unwrap();
        assert_eq!((shown.event_count, shown.source.as_ref().unwrap().device_name.as_str()), (12, "LKR-LT-11"));
    }

    async fn growth_that_waited_stays_quiet_when_somebody_asked_for_quiet_meanwhile(database: TestDatabase) {
        let world = World::start(&database).await;
        let event = |signature: u32, second: u8| alert(&format!("2026-09-24T09:30:{second:02}+0000"), signature, 1, "10.0.0.5", "198.51.100.7");
        world.post(&(0..10).map(|second| event(100, second)).collect::<String>()).await;
        world.post(&event(100, 10)).await;
        let quiet = CreateSuppressionRequest {
            school_id: String::new(),
            signature_id: "suricata:1:100".to_owned(),
            reason: "Scan van het ministerie".to_owned(),
            expire_time: Some(proto::time::timestamp(runtime::Clock::from(world.clock.clone()).now() + chrono::TimeDelta::days(1))),
            request_id: String::new(),
        };
        world.alerts().create_suppression(world.people.request(&world.lead(), quiet)).await.unwrap();
        world.clock.advance(chrono::TimeDelta::minutes(1));
        eventually("its growth waits no more", async || (!world.has_rows("alert WHERE growth_due_at IS NOT NULL").await).then_some(())).await;
        world.post(&event(101, 11)).await;
        let told = world.alert_events(2).await.iter().map(|(_, told)| told.alert.as_ref().unwrap().signature_id.clone()).collect::<Vec<_>>();
        assert_eq!(told, ["suricata:1:100", "suricata:1:101"]);
    }

    async fn a_notice_is_an_alert_and_a_sensor_about_itself_is_none(database: TestDatabase) {
        let world = World::start(&database).await;
        let health = NOTICE.replace("SSL::Invalid_Server_Cert", "CaptureLoss::Too_Much_Loss");
        world.post(&format!("{NOTICE}\n{health}\n")).await;
        let listed = world.all_alerts().await.alerts;
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].signature_id.as_str(), listed[0].severity()), ("zeek:SSL::Invalid_Server_Cert", AlertSeverity::Low));
    }

    async fn events_sent_again_in_another_batch_are_not_counted_again(database: TestDatabase) {
        let world = World::start(&database).await;
        let lines = alert("2026-09-24T09:30:00+0000", 100, 1, "10.0.0.5", "10.0.0.9");
        world.post(&lines).await;
        world.post(&(lines + &alert("2026-09-24T09:32:00+0000", 100, 1, "10.0.0.5", "10.0.0.9"))).await;
        assert_eq!(world.all_alerts().await.alerts[0].event_count, 2);
        assert_eq!(world.alert_events(2).await[1].1.new_events, 1);
    }

    async fn a_large_request_sent_again_is_not_counted_again_nor_is_one_of_a_wrong_clock(database: TestDatabase) {
        let world = World::start(&database).await;
        for (signature, time) in [(100, "2026-09-24T09:30:00"), (101, "1970-01-01T00:05:00")] {
            let lines: String = (0..600).map(|number| alert(&format!("{time}.{number:06}+0000"), signature, 1, "10.0.0.5", "10.0.0.9")).collect();
            world.post(&lines).await;
            world.clock.advance(chrono::TimeDelta::minutes(5));
            world.post(&lines).await;
        }
        let counts: Vec<i64> = world.all_alerts().await.alerts.iter().map(|alert| alert.event_count).collect();
        assert_eq!(counts, [600, 600]);
    }

    async fn a_devices_alerts_are_those_at_either_end_the_last_first_and_on_pages(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&(flow("2026-09-24T09:00:00+0000", "10.0.0.5") + &flow("2026-09-24T09:00:00+0000", "10.0.0.6"))).await;
        let lines = [
            alert("2026-09-24T09:30:00+0000", 100, 1, "10.0.0.5", "198.51.100.7"),
            alert("2026-09-24T09:31:00+0000", 101, 1, "198.51.100.7", "10.0.0.5"),
            alert("2026-09-24T09:32:00+0000", 102, 1, "10.0.0.6", "10.0.0.5"),
            alert("2026-09-24T09:33:00+0000", 103, 1, "10.0.0.6", "198.51.100.7"),
        ];
        world.post(&lines.concat()).await;
        let device_id = world.all_devices().await["10.0.0.5"].device_id.clone();
        let list = async |who: &auth::Principal, school: String, page_token: String| {
            let request = ListAlertsRequest { school_id: school, device_id: device_id.clone(), page_size: 2, page_token, ..Default::default() };
            world.alerts().list_alerts(world.people.request(who, request)).await.unwrap().into_inner()
        };
        let signatures = |page: &ListAlertsResponse| page.alerts.iter().map(|alert| alert.signature_id.clone()).collect::<Vec<_>>();

        let school = world.school.to_string();
        let first = list(&world.responder(), school.clone(), String::new()).await;
        assert_eq!((signatures(&first), first.total_size), (vec!["suricata:1:102".to_owned(), "suricata:1:101".to_owned()], 3));
        let last = list(&world.responder(), school.clone(), first.next_page_token).await;
        assert_eq!((signatures(&last), last.next_page_token.as_str()), (vec!["suricata:1:100".to_owned()], ""));
        assert_eq!(list(&director_of(world.school), school, String::new()).await.total_size, 3);
        // A director elsewhere who got hold of the device's id finds nothing with it.
        let elsewhere = director_of(world.other_school);
        assert_eq!(list(&elsewhere, String::new(), String::new()).await, ListAlertsResponse::default());
        assert_eq!(list(&elsewhere, world.other_school.to_string(), String::new()).await, ListAlertsResponse::default());
    }

    async fn alerts_are_listed_by_severity_signature_and_page(database: TestDatabase) {
        let world = World::start(&database).await;
        let lines: String = (0..25_u8).map(|number| alert(&format!("2026-09-24T09:{number:02}:00+0000"), 100 + u32::from(number % 5), 1 + number % 3, &format!("10.0.1.{number}"), "10.0.0.5")).collect();
        world.post(&lines).await;
        let list = async |min_severity: AlertSeverity, signature_id: &str, page_token: String| {
            let request = ListAlertsRequest { page_size: 10, page_token, min_severity: min_severity.into(), signature_id: signature_id.to_owned(), ..Default::default() };
            world.alerts().list_alerts(world.asks(request)).await.map(tonic::Response::into_inner)
        };
        assert_eq!(list(AlertSeverity::High, "", String::new()).await.unwrap().total_size, 9);
        assert_eq!(list(AlertSeverity::Medium, "", String::new()).await.unwrap().total_size, 17);
        assert_eq!(list(AlertSeverity::Unspecified, "suricata:1:103", String::new()).await.unwrap().total_size, 5);
        let refused = list(AlertSeverity::Unspecified, "anything", String::new()).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);

        let mut seen = Vec::new();
        let mut token = String::new();
        loop {
            let page = list(AlertSeverity::Unspecified, "", token).await.unwrap();
            seen.extend(page.alerts.into_iter().map(|alert| (alert.last_time.unwrap().seconds, alert.alert_id)));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen.len(), 25);
        assert!(seen.is_sorted_by(|a, b| a > b), "the last first, each once");
        let foreign = list(AlertSeverity::High, "", list(AlertSeverity::Low, "", String::new()).await.unwrap().next_page_token).await.unwrap_err();
        assert_eq!(foreign.code(), tonic::Code::InvalidArgument, "a token belongs to its own list");
    }
}
