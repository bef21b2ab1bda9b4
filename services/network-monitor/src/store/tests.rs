//! What is stored is read back, and storing it again forgets nothing.

mod reach;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use auth::Scope;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::{
    array::{uniform3, uniform4},
    prelude::*,
};
use runtime::{Ids, SchoolId};
use storage::RequestKey;
use strum::VariantArray as _;
use testkit::{
    arbitrary::{id, moment, samples, text, word},
    on_both_stores,
};

use super::*;
use crate::domain::{
    alert::{Alert, Remembered},
    alert_change::{AlertChange, Arrival},
    alert_fold::AlertFold,
    destinations::Destinations,
    detection::{Detection, Endpoint, Fingerprint, Sensor, Severity, SignatureId},
    device::{Address, Claimed, Device, DeviceKey},
    fact::{Fact, Topic},
    mac::Mac,
    roster::DeviceChange,
    source::Source,
    suppression::{Reason, Suppression},
    usage::{Quarter, Span, day_of},
};

fn any_ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())),
        any::<u128>().prop_map(|bits| IpAddr::V6(bits.into()).to_canonical())
    ]
}

fn any_source() -> impl Strategy<Value = Source> {
    prop::sample::select(Source::VARIANTS)
}

prop_compose! {
    fn any_fact()(
        topic in prop::sample::select(vec![Topic::Names, Topic::Software, Topic::Services]),
        subject in text(),
        value in text(),
        source in any_source(),
        observed in moment(),
    ) -> (Topic, Fact) {
        (topic, Fact { subject, value, source, observed })
    }
}

prop_compose! {
    fn any_address()(ip in any_ip(), source in any_source(), observed in moment(), claimed in prop::option::of((moment(), moment()))) -> Address {
        Address { ip, source, observed, claimed: claimed.map(|(first, last)| Claimed { first, last }) }
    }
}

/// What a device becomes when it is told these things.
type News = ([(Topic, Fact); 4], [Address; 3], [DateTime<Utc>; 3]);

fn any_news() -> impl Strategy<Value = News> {
    (uniform4(any_fact()), uniform3(any_address()), uniform3(moment()))
}

fn told(mut device: Device, (facts, addresses, moments): News) -> Device {
    facts.into_iter().for_each(|(topic, fact)| device.learn(topic, fact));
    addresses.into_iter().for_each(|address| device.has_address(address));
    moments.into_iter().for_each(|moment| device.see(&Span { quarter: Quarter::of(moment), first: moment, last: moment }, NaiveDate::MIN));
    device.heard = device.heard.max(moments[0]);
    device
}

fn any_key() -> impl Strategy<Value = DeviceKey> {
    prop_oneof![any::<[u8; 6]>().prop_map(|octets| DeviceKey::Mac(Mac::new(octets))), any_ip().prop_map(DeviceKey::Ip)]
}

fn any_endpoint() -> impl Strategy<Value = Endpoint> {
    (prop::option::of(any_ip()), prop::option::of(any::<u16>())).prop_map(|(ip, port)| Endpoint { ip, port })
}

prop_compose! {
    fn any_alert()(
        ids in (id(), id(), prop::option::of(id()), prop::option::of(id()), prop::option::of(id())),
        texts in uniform4(text()),
        signature in word(),
        severity in prop::sample::select(Severity::VARIANTS),
        sensor in prop::sample::select(vec![Sensor::Suricata, Sensor::Zeek]),
        source in any_endpoint(),
        destination in any_endpoint(),
        destinations in prop::collection::vec(any::<IpAddr>(), 0..40),
        moments in uniform3(moment()),
        // Below one, an alert is in no list.
        counts in (any::<i64>(), 1..i64::MAX),
        (told, growth_due) in (prop::option::of(moment()), prop::option::of(moment())),
        remembered in prop::collection::vec(any::<u64>(), 0..20),
    ) -> Alert {
        let (id, school, gateway, source_device, destination_device) = ids;
        let [text, category, protocol, raw_event] = texts;
        let destinations = destinations.into_iter().fold(Destinations::default(), |mut all, ip| {
            all.add(ip);
            all
        });
        let [first, last, received] = moments;
        Alert {
            id,
            school,
            gateway,
            signature_id: SignatureId::from_store(signature),
            signature: text,
            category,
            severity,
            sensor,
            source,
            destination,
            destinations,
            source_device,
            destination_device,
            protocol,
            first,
            last,
            event_count: counts.0,
            told_event_count: counts.1,
            told,
            growth_due,
            received,
            remembered: Remembered::from_bytes(&remembered.into_iter().flat_map(u64::to_be_bytes).collect::<Vec<_>>()),
            raw_event,
        }
    }
}

fn detection(signature_id: SignatureId, source: Endpoint, time: DateTime<Utc>) -> Detection<'static> {
    Detection {
        sensor: Sensor::Suricata,
        signature_id,
        signature: "ET SCAN Potential SSH Scan".into(),
        category: "".into(),
        severity: Severity::Medium,
        source,
        destination: Endpoint::default(),
        protocol: "tcp".into(),
        time,
        fingerprint: Fingerprint::of([time.to_rfc3339().as_bytes()]),
        raw: "{}".into(),
    }
}

prop_compose! {
    fn any_suppression()(
        id in id(),
        school in prop::option::of(id()),
        signature in word(),
        reason in word(),
        expires in moment(),
        created in moment(),
        creator in text(),
    ) -> Suppression {
        let (signature_id, reason) = (SignatureId::from_store(signature), Reason::parse(&reason).unwrap());
        Suppression { id, school, signature_id, reason, expires, created, creator }
    }
}

/// The device with all its days.
async fn stored(txn: &storage::Txn, school: SchoolId, expected: &Device) -> Device {
    let found = device::find(&**txn, &Scope::Everything, school, expected.id).await.unwrap().unwrap();
    let mut days = BTreeMap::new();
    for day in expected.days.keys() {
        let moment = crate::domain::usage::midnight(*day);
        let (macs, ips) = match expected.key {
            DeviceKey::Mac(mac) => ([mac].into(), [].into()),
            DeviceKey::Ip(ip) => ([].into(), [ip].into()),
        };
        let wanted = device::Wanted { macs, ips, moments: moment..=moment, first_kept: NaiveDate::MIN };
        assert_eq!(day_of(moment), *day);
        let loaded = device::load(txn, school, &wanted).await.unwrap();
        days.extend(loaded.into_iter().filter(|device| device.id == expected.id).flat_map(|device| device.days));
    }
    Device { days, ..found }
}

on_both_stores! {
    async fn devices_are_read_back_and_a_batch_forgets_nothing(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        for (school, id, key, seen, first, second) in samples(&(id(), id(), any_key(), moment(), any_news(), any_news())) {
            let before = told(Device::new(id, key, seen), first);
            let after = told(before.clone(), second);
            let txn = database.begin().await.unwrap();
            device::save(&txn, school, &[DeviceChange::Appeared(before.clone())]).await.unwrap();
            assert_eq!(stored(&txn, school, &before).await, before);
            let change = DeviceChange::Updated { before: Box::new(before), after: after.clone() };
            device::save(&txn, school, &[change]).await.unwrap();
            assert_eq!(stored(&txn, school, &after).await, after);
        }
    }

    async fn a_batch_may_replace_more_addresses_than_one_statement_takes(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        let ids = Ids::counted();
        let (school, now): (SchoolId, DateTime<Utc>) = (ids.next(), "2026-09-24T09:50:00Z".parse().unwrap());
        let address = |number: u32| Address { ip: IpAddr::V4(number.into()), source: Source::ZeekDhcp, observed: now, claimed: None };
        // As laptops get new leases.
        let laptops: Vec<[Device; 2]> = (0..1_001_u32).map(|number| {
            let key = DeviceKey::Mac(Mac::new([0, 0, 0, 0, number.to_be_bytes()[2], number.to_be_bytes()[3]]));
            let new = Device::new(ids.next(), key, now);
            [0, 1 << 16].map(|lease| Device { addresses: vec![address(lease + number)], ..new.clone() })
        }).collect();
        let txn = database.begin().await.unwrap();
        let appeared: Vec<DeviceChange> = laptops.iter().map(|[before, _]| DeviceChange::Appeared(before.clone())).collect();
        device::save(&txn, school, &appeared).await.unwrap();
        let updated: Vec<DeviceChange> = laptops.iter().map(|[before, after]| DeviceChange::Updated { before: Box::new(before.clone()), after: after.clone() }).collect();
        device::save(&txn, school, &updated).await.unwrap();
        for [_, after] in &laptops {
            assert_eq!(device::find(&*txn, &Scope::Everything, school, after.id).await.unwrap().as_ref(), Some(after));
        }
    }

    async fn alerts_are_read_back_and_as_they_grow(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        for (before, after) in samples(&(any_alert(), any_alert())) {
            // These never change.
            let after = Alert { id: before.id, school: before.school, raw_event: before.raw_event.clone(), ..after };
            let txn = database.begin().await.unwrap();
            for alert in [before, after] {
                let devices: BTreeSet<_> = alert.source_device.into_iter().collect();
                let change = AlertChange { alert: alert.clone(), devices, is_new: false, announcement: None, origin: 0 };
                alert::save(&txn, &[change]).await.unwrap();
                assert_eq!(alert::find(&*txn, &Scope::Everything, alert.school, alert.id).await.unwrap(), Some(alert));
            }
        }
    }

    async fn devices_are_counted_once_an_hour(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        let ids = Ids::counted();
        let (school, now): (SchoolId, DateTime<Utc>) = (ids.next(), "2026-09-24T09:50:00Z".parse().unwrap());
        let txn = database.begin().await.unwrap();
        let counted = async |minutes: i64| contact::hear(&txn, school, now, now + TimeDelta::minutes(minutes)).await.unwrap().devices;
        let appears = async || {
            let device = Device::new(ids.next(), DeviceKey::Mac(Mac::new([0, 0, 0, 0, 0, 1])), now);
            device::save(&txn, school, &[DeviceChange::Appeared(device)]).await.unwrap();
        };
        assert_eq!(counted(0).await, 0);
        appears().await;
        assert_eq!(counted(9).await, 0, "what nobody told it of is not looked for again");
        assert_eq!(counted(10).await, 1, "another hour");
    }

    async fn a_look_up_takes_the_newest_alerts_of_each_key_first_and_has_an_end(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        let ids = Ids::counted();
        let (school, now): (SchoolId, DateTime<Utc>) = (ids.next(), "2026-09-24T09:50:00Z".parse().unwrap());
        let signature = |number: i64| SignatureId::suricata(1, number);
        let [template] = <[Alert; 1]>::try_from(samples(&any_alert()).into_iter().take(1).collect::<Vec<_>>()).unwrap();
        // A sensor that tells of years, and another signature.
        let of_day = |number: i64, day: i64| {
            let moment = now - TimeDelta::days(day);
            Alert { id: ids.next(), school, signature_id: signature(number), first: moment, last: moment, ..template.clone() }
        };
        let alerts: Vec<Alert> = (0..1_200).map(|day| of_day(1, day)).chain([of_day(2, 0), of_day(2, 1_199)]).collect();
        let changes = alerts.iter().map(|alert| AlertChange { alert: alert.clone(), devices: BTreeSet::new(), is_new: true, announcement: None, origin: 0 });
        let txn = database.begin().await.unwrap();
        alert::save(&txn, &changes.collect::<Vec<_>>()).await.unwrap();

        let mut fold = AlertFold::default();
        let arrival = Arrival { gateway: None, received: now, origin: 0 };
        for (number, day) in [(1, 0), (1, 1_199), (2, 0), (2, 1_199)] {
            fold.add(detection(signature(number), template.source, now - TimeDelta::days(day)), arrival);
        }
        let found = alert::load(&txn, school, &fold).await.unwrap();
        let days_of = |number: i64| {
            let of_it = found.iter().filter(|alert| alert.signature_id == signature(number));
            of_it.map(|alert| (now - alert.first).num_days()).collect::<BTreeSet<_>>()
        };
        assert_eq!(days_of(2), [0, 1_199].into(), "one that has much takes no room of one that has little");
        assert_eq!(days_of(1), (0..998).collect());

        let mut of_now = AlertFold::default();
        of_now.add(detection(signature(1), template.source, now), arrival);
        assert_eq!(alert::load(&txn, school, &of_now).await.unwrap(), alerts[..1]);
    }

    async fn suppressions_are_read_back(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        for suppression in samples(&any_suppression()) {
            let txn = database.begin().await.unwrap();
            let key = RequestKey { requested_by: "person:1".to_owned(), request_id: Some(suppression.id.as_uuid().into()) };
            suppression::insert(&txn, &suppression, &key).await.unwrap();
            assert_eq!(suppression::find_by_request(&*txn, &key).await.unwrap().as_ref(), Some(&suppression));
            assert_eq!(suppression::find(&*txn, &Scope::Everything, suppression.id).await.unwrap(), Some(suppression));
        }
    }
}
