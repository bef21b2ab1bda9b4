//! What one school brings beyond its bounds is counted in one alert, and is nobody else's affair.

use events::Record;
use proto::{
    network_monitor::v1::{Alert, AlertSeverity, ListAlertsRequest},
    operations::v1::ListDeadLettersRequest,
    telemetry::{RECEIVED, REFUSED, SCHOOL},
};
use runtime::SchoolId;
use testkit::on_both_stores;

use crate::world::{World, alert};

const AT: &str = "2026-09-24T09:40:00+0000";

async fn alerts_of(world: &World, school: SchoolId) -> Vec<Alert> {
    let mut all = Vec::new();
    let mut question = ListAlertsRequest { school_id: school.to_string(), page_size: 200, ..Default::default() };
    loop {
        let page = world.alerts().list_alerts(world.asks(question.clone())).await.unwrap().into_inner();
        all.extend(page.alerts);
        question.page_token = page.next_page_token;
        if question.page_token.is_empty() {
            return all;
        }
    }
}

on_both_stores! {
    async fn a_worm_is_one_alert_that_says_to_how_many_addresses_it_went(database: TestDatabase) {
        let world = World::start(&database).await;
        let tries: String = (0..2_000_u32).map(|number| {
            // Another event each, as a sensor writes them.
            alert(AT, 100, 2, "10.0.0.5", &std::net::Ipv4Addr::from_bits(0x6440_0000 + number).to_string()).replace("1007", &number.to_string())
        }).collect();
        world.post(&tries).await;
        let worm = alerts_of(&world, world.school).await;
        assert_eq!((worm.len(), worm[0].event_count), (1, 2_000));
        assert!(worm[0].destination_ips.len() == 20 && worm[0].destination_ips.iter().all(|ip| ip.starts_with("100.64.")), "{:?}", worm[0].destination_ips);
        assert!((1_800..=2_200).contains(&worm[0].destination_count), "{}", worm[0].destination_count);
    }

    async fn alerts_beyond_the_bound_are_one_flood_alert_and_the_neighbour_has_its_own(database: TestDatabase) {
        let world = World::start(&database).await;
        let lines: String = (0..600).map(|number| alert(AT, 1_000 + number, 3, "10.0.0.5", "198.51.100.7")).collect();
        world.post(&lines).await;
        world.post_from(world.other_school, "application/x-ndjson", None, alert(AT, 7, 1, "10.0.0.6", "198.51.100.7").into_bytes()).await;
        let loud = alerts_of(&world, world.school).await;
        assert_eq!(loud.len(), 501);
        let flood = loud.iter().find(|alert| alert.signature_id == "schildwacht:flood").unwrap();
        assert_eq!((flood.event_count, flood.severity(), flood.sensor.as_str()), (100, AlertSeverity::High, "schildwacht"));
        assert_eq!(alerts_of(&world, world.other_school).await.len(), 1);
        // What was left out in one batch is left out in the next, on the same alert; what is known goes on growing.
        world.post(&(alert(AT, 5_000, 3, "10.0.0.5", "198.51.100.7") + &alert("2026-09-24T09:41:00+0000", 1_000, 3, "10.0.0.5", "198.51.100.8"))).await;
        let later = alerts_of(&world, world.school).await;
        assert_eq!(later.len(), 501);
        let count_of = |id: &str| later.iter().find(|alert| alert.signature_id == id).unwrap().event_count;
        assert_eq!((count_of("schildwacht:flood"), count_of("suricata:1:1000")), (101, 2));
    }

    async fn dead_letters_that_give_way_are_an_alert_of_its_own(database: TestDatabase) {
        let world = World::start(&database).await;
        let unreadable = || world.record(world.gateway, world.school, "application/x-ndjson", None, b"engine started\n".to_vec());
        // One more than are kept of a school.
        world.append_all((0..1_001).map(|_| unreadable()).collect()).await;
        world.post_from(world.other_school, "application/x-ndjson", None, b"engine started\n".to_vec()).await;
        let alerts = alerts_of(&world, world.school).await;
        let [told] = &alerts[..] else { panic!("{alerts:?}") };
        assert_eq!((told.signature_id.as_str(), told.severity()), ("schildwacht:unreadable", AlertSeverity::High));
        assert!(told.event_count > 100, "down to nine tenths: {}", told.event_count);
        assert_eq!(alerts_of(&world, world.other_school).await.len(), 0);
        let [(_, event)] = &world.alert_events(1).await[..] else { panic!("one event") };
        assert_eq!(event.alert.as_ref().unwrap().alert_id, told.alert_id);
    }

    async fn what_ingest_refused_for_long_is_an_alert_of_its_own(database: TestDatabase) {
        let world = World::start(&database).await;
        let refused = |requests: &str| Record {
            key: world.school.to_string().into(),
            headers: [(SCHOOL, world.school.to_string()), (RECEIVED, "2026-09-24T09:40:00Z".to_owned()), (REFUSED, requests.to_owned())]
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into(),
            value: Some(bytes::Bytes::new()),
        };
        world.append(refused("300")).await;
        world.append(refused("many")).await;
        world.append(refused("12")).await;
        world.post(&alert(AT, 1, 3, "10.0.0.5", "198.51.100.7")).await;
        let alerts = alerts_of(&world, world.school).await;
        let over_rate = alerts.iter().find(|alert| alert.signature_id == "schildwacht:over-rate").unwrap();
        assert_eq!((alerts.len(), over_rate.event_count, over_rate.severity()), (2, 312, AlertSeverity::High));
        let request = world.people.request(&world.operator(), ListDeadLettersRequest::default());
        let letters = world.dead_letters().list_dead_letters(request).await.unwrap().into_inner();
        assert_eq!(letters.dead_letters.iter().map(|letter| letter.reason.as_str()).collect::<Vec<_>>(), ["header_unreadable"]);
    }
}
