//! Which devices a case is about, as the queue tells it.

use proto::{
    incident_intake::v1::{CaseDevices, ListCasesRequest},
    network_monitor::v1::{AlertEvent, Endpoint},
};
use testkit::on_both_stores;

use crate::world::{MALWARE, World, director, responder};

fn at(ip: &str) -> Option<Endpoint> {
    Some(Endpoint { ip: ip.to_owned(), port: 445, ..Endpoint::default() })
}

fn of(ip: &str, device_id: &str, name: &str) -> Option<Endpoint> {
    Some(Endpoint { device_id: device_id.to_owned(), device_name: name.to_owned(), ..at(ip).unwrap() })
}

/// A first alert between these.
async fn report(world: &World, school: runtime::SchoolId, source: Option<Endpoint>, destination: Option<Endpoint>) -> AlertEvent {
    let mut news = world.alert(school, MALWARE);
    let alert = news.alert.as_mut().unwrap();
    (alert.source, alert.destination) = (source, destination);
    world.send(&news).await;
    world.settle().await;
    news
}

/// The same alert, grown, and from there.
async fn grow(world: &World, mut news: AlertEvent, source: Option<Endpoint>) {
    news.first = false;
    let alert = news.alert.as_mut().unwrap();
    alert.source = source;
    alert.event_count += 1;
    world.send(&news).await;
    world.settle().await;
}

/// Names, ids and addresses of the only case's devices, as far as they are told, and how many there are.
async fn told(world: &World) -> (Vec<[String; 3]>, i64) {
    let CaseDevices { devices, total_size } = world.devices(&responder(), ListCasesRequest::default()).await.into_values().next().unwrap();
    (devices.into_iter().map(|device| [device.name, device.device_id, device.ip]).collect(), total_size)
}

fn told_as(devices: &[[&str; 3]], total: i64) -> (Vec<[String; 3]>, i64) {
    (devices.iter().map(|device| device.map(ToOwned::to_owned)).collect(), total)
}

on_both_stores! {
    async fn a_case_names_the_devices_of_the_school_in_the_order_they_came(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        report(&world, school, at("203.0.113.77"), of("10.20.4.37", "d1", "SEC-PC-02")).await;
        assert_eq!(told(&world).await, told_as(&[["SEC-PC-02", "d1", "10.20.4.37"]], 1), "the internet is no device of the school");
        report(&world, school, at("10.20.4.9"), of("10.20.4.37", "d1", "SEC-PC-02")).await;
        assert_eq!(told(&world).await, told_as(&[["SEC-PC-02", "d1", "10.20.4.37"], ["", "", "10.20.4.9"]], 2));
        let own = world.devices(&director(school), ListCasesRequest::default()).await;
        assert_eq!(own, world.devices(&responder(), ListCasesRequest::default()).await);
        let other = world.school("Atheneum De Merel", "Kortrijk").await;
        assert!(world.devices(&director(other), ListCasesRequest::default()).await.is_empty());
    }

    async fn an_address_becomes_the_device_that_has_it_and_a_name_is_kept(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        let news = report(&world, school, at("10.20.4.37"), at("203.0.113.77")).await;
        assert_eq!(told(&world).await, told_as(&[["", "", "10.20.4.37"]], 1));
        grow(&world, news.clone(), of("10.20.4.37", "d1", "")).await;
        assert_eq!(told(&world).await, told_as(&[["", "d1", "10.20.4.37"]], 1));
        grow(&world, news.clone(), of("10.20.4.38", "d1", "SEC-PC-02")).await;
        grow(&world, news, of("10.20.4.38", "d1", "")).await;
        assert_eq!(told(&world).await, told_as(&[["SEC-PC-02", "d1", "10.20.4.38"]], 1));
    }

    async fn a_device_known_by_its_address_only_becomes_the_one_whose_card_shows(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        report(&world, school, of("10.20.4.9", "d9", "PRT-02"), at("203.0.113.77")).await;
        let news = report(&world, school, of("10.20.4.37", "d0", ""), at("203.0.113.77")).await;
        report(&world, school, of("10.20.4.10", "d10", "PRT-03"), at("203.0.113.77")).await;
        grow(&world, news, of("10.20.4.37", "d1", "SEC-PC-02")).await;
        let (devices, total) = told(&world).await;
        let names: Vec<&str> = devices.iter().map(|[name, ..]| name.as_str()).collect();
        assert_eq!((names, total), (vec!["PRT-02", "SEC-PC-02", "PRT-03"], 3), "one device, where it came first");
    }

    async fn an_address_that_moves_on_leaves_both_its_devices_in_the_case(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        let news = report(&world, school, of("10.20.4.37", "d1", "SEC-PC-02"), at("203.0.113.77")).await;
        grow(&world, news, of("10.20.4.37", "d2", "LKR-LT-11")).await;
        assert_eq!(told(&world).await.1, 2);
    }

    async fn an_address_whose_device_the_case_knows_is_that_device(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        report(&world, school, at("203.0.113.77"), of("10.20.4.37", "d1", "SEC-PC-02")).await;
        report(&world, school, at("10.20.4.37"), at("203.0.113.77")).await;
        assert_eq!(told(&world).await, told_as(&[["SEC-PC-02", "d1", "10.20.4.37"]], 1));
    }

    async fn a_case_of_many_devices_names_three_and_counts_all(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        for number in [5, 3, 4, 1, 2] {
            report(&world, school, of(&format!("10.0.0.{number}"), &format!("d{number}"), ""), at("203.0.113.77")).await;
        }
        let (devices, total) = told(&world).await;
        let ids: Vec<&str> = devices.iter().map(|[_, id, _]| id.as_str()).collect();
        assert_eq!((ids, total), (vec!["d5", "d3", "d4"], 5));
    }

    async fn a_case_without_devices_of_the_school_names_none(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        report(&world, school, at("203.0.113.77"), at("0.0.0.0")).await;
        assert_eq!(world.queue().await.len(), 1);
        assert!(world.devices(&responder(), ListCasesRequest::default()).await.is_empty());
    }
}
