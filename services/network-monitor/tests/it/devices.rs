//! Devices, as they appear from what sensors send.

use chrono::{DateTime, TimeDelta, Utc};
use proto::network_monitor::v1::{DeviceFilter, DeviceOrder, GetDeviceRequest, ListDevicesRequest, SummarizeDevicesRequest};
use testkit::on_both_stores;

use crate::world::{NOW, World, alert, flow, lease};

const LAPTOP: &str = "00:1b:21:0a:bc:01";
const PHONE: &str = "06:1b:21:0a:bc:02";

fn ago(minutes: i64) -> String {
    let now: DateTime<Utc> = NOW.parse().unwrap();
    (now - TimeDelta::minutes(minutes)).to_rfc3339()
}

on_both_stores! {
    async fn a_lease_and_traffic_become_one_device(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&(lease(&ago(50), LAPTOP, "10.0.0.5", "LKR-LT-11\\u0000") + &flow(&ago(30), "10.0.0.5"))).await;
        world.post(&flow(&ago(0), "10.0.0.5")).await;
        let devices = world.all_devices().await;
        assert_eq!(devices.keys().collect::<Vec<_>>(), [LAPTOP]);
        let device = &devices[LAPTOP];
        assert_eq!(device.names[0].value, "LKR-LT-11");
        assert_eq!((device.names[0].source.as_str(), device.ips[0].source.as_str()), ("suricata.dhcp", "suricata.dhcp"));
        assert_eq!(device.ips[0].value, "10.0.0.5");
        assert!(device.vendor.as_ref().unwrap().value.contains("Intel"));
        assert!(!device.mac_random);
        assert_eq!(device.slots_per_day, [0, 0, 0, 0, 0, 0, 3]);
        assert_eq!(device.slots_total, 3);
        let request = GetDeviceRequest { school_id: device.school_id.clone(), device_id: device.device_id.clone() };
        assert_eq!(&world.devices().get_device(world.asks(request)).await.unwrap().into_inner(), device);
    }

    async fn a_device_known_by_its_address_keeps_its_alerts_when_its_card_shows(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&(flow(&ago(20), "10.0.0.5") + &alert(&ago(19), 100, 1, "10.0.0.5", "10.0.0.9"))).await;
        let before = world.all_devices().await;
        assert_eq!(before["10.0.0.5"].open_alerts, 1);
        world.post(&lease(&ago(10), LAPTOP, "10.0.0.5", "LKR-LT-11")).await;
        let after = world.all_devices().await;
        assert_eq!(after.keys().collect::<Vec<_>>(), [LAPTOP]);
        assert_eq!(after[LAPTOP].open_alerts, 1);
        assert_eq!(after[LAPTOP].first_seen_time, before["10.0.0.5"].first_seen_time);
        let alerts = world.all_alerts().await.alerts;
        let source = alerts[0].source.as_ref().unwrap();
        assert_eq!((source.device_id.as_str(), source.device_name.as_str()), (after[LAPTOP].device_id.as_str(), "LKR-LT-11"));
    }

    async fn a_device_known_by_its_address_keeps_its_use_of_all_days_when_its_card_shows(database: TestDatabase) {
        let world = World::start(&database).await;
        let day = 24 * 60;
        // The card had another address the day before yesterday, so that both were used on that day.
        world.post(&(lease(&ago(2 * day), LAPTOP, "10.0.0.4", "LKR-LT-11") + &flow(&ago(4 * day), "10.0.0.5") + &flow(&ago(2 * day - 60), "10.0.0.5"))).await;
        world.post(&flow(&ago(20), "10.0.0.5")).await;
        world.post(&lease(&ago(10), LAPTOP, "10.0.0.5", "LKR-LT-11")).await;
        let devices = world.all_devices().await;
        assert_eq!(devices.keys().collect::<Vec<_>>(), [LAPTOP]);
        assert_eq!(devices[LAPTOP].slots_per_day, [0, 0, 1, 0, 2, 0, 1]);
    }

    async fn a_random_address_is_said_to_be_one_and_has_no_vendor(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&lease(&ago(5), PHONE, "10.0.0.6", "")).await;
        let device = &world.all_devices().await[PHONE];
        assert!(device.mac_random);
        assert_eq!(device.vendor, None);
    }

    async fn a_batch_sent_twice_changes_nothing(database: TestDatabase) {
        let world = World::start(&database).await;
        let lines = lease(&ago(50), LAPTOP, "10.0.0.5", "LKR-LT-11") + &flow(&ago(30), "10.0.0.5") + &flow(&ago(9), "10.0.0.7");
        world.post(&lines).await;
        let once = world.all_devices().await;
        world.post(&lines).await;
        assert_eq!(world.all_devices().await, once);
    }

    async fn what_no_name_holds_cannot_be_searched_for(database: TestDatabase) {
        let world = World::start(&database).await;
        let request = ListDevicesRequest { school_id: world.school.to_string(), query: "nas1\0".to_owned(), ..Default::default() };
        assert_eq!(world.devices().list_devices(world.asks(request)).await.unwrap_err().code(), tonic::Code::InvalidArgument);
    }

    async fn every_order_and_filter_gives_each_device_once(database: TestDatabase) {
        let world = World::start(&database).await;
        let mut lines = String::new();
        for number in 0..25_i64 {
            let ip = format!("10.0.0.{}", number + 10);
            if number % 3 == 0 {
                lines += &lease(&ago(number * 600), &format!("00:1b:21:0a:bc:{:02x}", number + 16), &ip, &format!("PC-{}", number % 5));
            }
            // Different use, and several with the same.
            for slot in 0..=number % 4 {
                lines += &flow(&ago(number * 600 + slot * 15), &ip);
            }
        }
        lines += &alert(&ago(1), 100, 1, "10.0.0.12", "10.0.0.13");
        world.post(&lines).await;
        for (order, filter, expected) in [
            (DeviceOrder::Unspecified, DeviceFilter::Unspecified, 25),
            (DeviceOrder::FirstSeenDesc, DeviceFilter::Unspecified, 25),
            (DeviceOrder::Name, DeviceFilter::Unspecified, 25),
            (DeviceOrder::UseDesc, DeviceFilter::Unspecified, 25),
            (DeviceOrder::UseDesc, DeviceFilter::New, 17),
            (DeviceOrder::Name, DeviceFilter::Quiet, 0),
            (DeviceOrder::LastSeenDesc, DeviceFilter::WithAlerts, 2),
        ] {
            let mut seen = Vec::new();
            let mut page_token = String::new();
            loop {
                let request = ListDevicesRequest {
                    school_id: world.school.to_string(),
                    page_size: 7,
                    page_token,
                    filter: filter.into(),
                    order_by: order.into(),
                    ..Default::default()
                };
                let page = world.devices().list_devices(world.asks(request)).await.unwrap().into_inner();
                assert_eq!(page.total_size, expected, "{order:?} {filter:?}");
                seen.extend(page.devices);
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
            let mut ids: Vec<&str> = seen.iter().map(|device| device.device_id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!((ids.len(), seen.len()), (expected as usize, expected as usize), "{order:?} {filter:?}");
            let sorted = match order {
                DeviceOrder::Name => seen.is_sorted_by_key(|device| device.names.is_empty()),
                DeviceOrder::UseDesc => seen.is_sorted_by_key(|device| -device.slots_total),
                DeviceOrder::FirstSeenDesc => seen.is_sorted_by_key(|device| -device.first_seen_time.unwrap().seconds),
                _ => seen.is_sorted_by_key(|device| -device.last_seen_time.unwrap().seconds),
            };
            assert!(sorted, "{order:?} {filter:?}");
        }
    }

    async fn a_search_looks_in_names_addresses_and_vendors(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&(lease(&ago(5), LAPTOP, "10.0.0.5", "Bord_7%") + &flow(&ago(4), "10.0.0.6"))).await;
        for (query, expected) in [("bord_7%", 1), ("BORD", 1), ("0a:bc", 1), ("intel", 1), ("10.0.0.", 2), ("bord77", 0), ("%", 1), ("", 2)] {
            let request = ListDevicesRequest { school_id: world.school.to_string(), query: query.to_owned(), ..Default::default() };
            let page = world.devices().list_devices(world.asks(request)).await.unwrap().into_inner();
            assert_eq!(page.total_size, expected, "{query}");
        }
    }

    async fn the_summary_counts_what_the_pages_show(database: TestDatabase) {
        let world = World::start(&database).await;
        let summary = async || {
            let request = SummarizeDevicesRequest { school_id: world.school.to_string() };
            world.devices().summarize_devices(world.asks(request)).await.unwrap().into_inner()
        };
        assert_eq!(summary().await, Default::default(), "a school never heard of has nothing and nobody");
        let day = 24 * 60;
        world.post(&(flow(&ago(1), "10.0.0.5") + &flow(&ago(3 * day), "10.0.0.6") + &flow(&ago(8 * day), "10.0.0.7") + &flow(&ago(31 * day), "10.0.0.8"))).await;
        world.post(&alert(&ago(1), 100, 3, "10.0.0.5", "10.0.0.6")).await;
        let figures = summary().await;
        assert_eq!((figures.total, figures.seen_today, figures.new_this_week), (4, 1, 2));
        assert_eq!((figures.quiet, figures.with_open_alerts), (1, 2));
        assert_eq!(figures.last_event_time.unwrap().seconds, NOW.parse::<DateTime<Utc>>().unwrap().timestamp());
    }

    async fn what_a_sensor_with_a_wrong_clock_saw_was_seen_when_it_came(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&flow("1970-01-01T00:05:00+0000", "10.0.0.5")).await;
        let device = &world.all_devices().await["10.0.0.5"];
        assert_eq!(device.last_seen_time.unwrap().seconds, NOW.parse::<DateTime<Utc>>().unwrap().timestamp());
    }

    async fn two_schools_with_the_same_addresses_stay_apart(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&flow(&ago(1), "10.0.0.5")).await;
        world.post_from(world.other_school, "application/x-ndjson", None, flow(&ago(1), "10.0.0.5").into_bytes()).await;
        assert_eq!(world.all_devices().await.len(), 1);
        let device = world.all_devices().await.remove("10.0.0.5").unwrap();
        let elsewhere = GetDeviceRequest { school_id: world.other_school.to_string(), device_id: device.device_id };
        let refused = world.devices().get_device(world.asks(elsewhere)).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::NotFound);
    }
}
