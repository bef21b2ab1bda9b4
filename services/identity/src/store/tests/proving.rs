//! Vendors, checks, overrides and what they come to.

use chrono::{Datelike as _, TimeDelta, Utc};
use storage::{Database, PageRequest, Paging, Reach};
use testkit::{Store, TestDatabase};
use uuid::Uuid;

use super::*;
use crate::domain::{
    Check, CheckKind, CheckOutcome, Claimed, DomainProof, EnrolmentLevel, EvidenceHash, Look, OfDay, Override, OverrideReason,
    OverrideState, Standing, Subject, Vendor, VendorDetails,
};

prop_compose! {
    fn any_details()(name in word(), domain in "[a-z]{1,20}", mailbox in "[a-z]{1,20}") -> VendorDetails {
        let (domain, contact) = (format!("{domain}.example"), format!("{mailbox}@{domain}.example"));
        VendorDetails {
            name: name.as_str().try_into().unwrap(),
            domain: domain.as_str().try_into().unwrap(),
            security_contact: contact.as_str().try_into().unwrap(),
        }
    }
}

prop_compose! {
    fn any_vendor()(id in id(), base in 1_u32..20_000_000, details in any_details(), version in 0..=i32::MAX as u32) -> Vendor {
        let number = format!("{base:08}{:02}", 97 - base % 97).parse().unwrap();
        Vendor { id, number, details, version }
    }
}

fn any_subject() -> impl Strategy<Value = Subject> {
    prop_oneof![id().prop_map(Subject::School), id().prop_map(Subject::Vendor)]
}

prop_compose! {
    fn any_check()(
        (id, subject) in (id(), any_subject()),
        kind in prop::sample::select(CheckKind::VARIANTS),
        (value, made_by, reason) in (text(), text(), text()),
        at in moment(),
        until in prop::option::of(moment()),
        evidence in any::<[u8; 32]>(),
        outcome in prop::sample::select(CheckOutcome::VARIANTS),
    ) -> Check {
        Check { id, subject, kind, value, made_by, at, until, evidence: EvidenceHash::from_bytes(evidence), outcome, reason }
    }
}

fn any_override_state() -> impl Strategy<Value = OverrideState> {
    prop_oneof![
        moment().prop_map(|expires| OverrideState::Proposed { expires }),
        (id(), moment()).prop_map(|(by, at)| OverrideState::Agreed { by, at }),
        (id(), moment()).prop_map(|(by, at)| OverrideState::Ended { by, at }),
    ]
}

prop_compose! {
    fn any_override()(
        (id, subject, proposed_by) in (id(), any_subject(), id()),
        (kind, about) in (prop::sample::select(CheckKind::VARIANTS), prop::option::of(text())),
        reason in word(),
        (until, proposed_at) in (moment(), moment()),
        state in any_override_state(),
        version in 0..=i32::MAX as u32,
    ) -> Override {
        let reason = OverrideReason::parse(&reason).unwrap();
        Override { id, subject, kind, about, reason, until, proposed_by, proposed_at, state, version }
    }
}

prop_compose! {
    fn any_domain_proof()(
        domain in "[a-z]{1,20}",
        token in text(),
        (place_by, next_look) in (moment(), prop::option::of(moment())),
        last_look in prop::option::of((moment(), prop::sample::select(CheckOutcome::VARIANTS))),
        (issued, looks) in ((moment(), 0..=i32::MAX as u32), (moment(), 0..=i32::MAX as u32)),
    ) -> DomainProof {
        let of_day = |(since, count)| OfDay { since, count };
        DomainProof {
            vendor_id: Uuid::nil().into(),
            domain: format!("{domain}.example").as_str().try_into().unwrap(),
            token,
            place_by,
            last_look: last_look.map(|(at, outcome)| Look { at, outcome }),
            next_look,
            issued_of_day: of_day(issued),
            looks_of_day: of_day(looks),
        }
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

/// Never, before now, now, or after it.
fn any_end() -> impl Strategy<Value = Option<DateTime<Utc>>> {
    prop::option::of((-2..=2_i64).prop_map(|days| now() + TimeDelta::days(days)))
}

prop_compose! {
    fn any_standing()(subject in any_subject(), name in text(), ends in [any_end(), any_end()], struck_off in any::<bool>()) -> Standing {
        let is_vendor = matches!(subject, Subject::Vendor(_));
        // A school is never confirmed for longer than it is provisional.
        let top_until = if is_vendor { None } else { ends[1].min(ends[0]) };
        let claimed = Claimed { subject, name, number: "1".to_owned(), domain: is_vendor.then(|| "leermaat.example".to_owned()) };
        Standing { claimed, first_until: ends[0], top_until, struck_off: struck_off && is_vendor }
    }
}

async fn list(connection: &impl sea_orm::ConnectionTrait, filter: enrolment::Filter<'_>) -> Vec<Standing> {
    let mut found = Vec::new();
    let mut page = PageRequest::default();
    loop {
        let paging = Paging::begin(&(), &page).unwrap();
        let part = enrolment::list(connection, filter, now(), &paging).await.unwrap();
        found.extend(part.rows);
        if part.next_page_token.is_empty() {
            return found;
        }
        page = (0, part.next_page_token).into();
    }
}

const ALL: enrolment::Filter<'static> = enrolment::Filter { kind: None, levels: &[], ends_before: None, text: "" };

on_both_stores! {
    async fn vendors_are_read_back_and_their_requests_kept(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        let requests = (text(), prop::option::of(id()));
        for (before, after, (requested_by, request_id)) in samples(&(any_vendor(), any_vendor(), requests)) {
            let after = Vendor { id: before.id, ..after };
            let key = RequestKey { requested_by, request_id };
            let txn = database.begin().await.unwrap();
            vendor::insert(&txn, &before, now(), &key).await.unwrap();
            assert_eq!(vendor::find(&*txn, &Scope::Everything, before.id).await.unwrap().as_ref(), Some(&before));
            assert!(vendor::has(&*txn, before.number).await.unwrap());
            vendor::update(&txn, &after).await.unwrap();
            assert_eq!(vendor::find_to_change(&txn, &Scope::Everything, after.id).await.unwrap().as_ref(), Some(&after));
            assert_eq!(vendor::find_by_request(&*txn, &key).await.unwrap(), key.request_id.map(|_| after));
            let made = |since| vendor::count_requested(&*txn, &key, since);
            assert_eq!((made(now() - TimeDelta::seconds(1)).await.unwrap(), made(now()).await.unwrap()), (1, 0));
        }
    }

    async fn tokens_of_domains_are_read_back_and_found_when_they_are_due(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        for (vendor, before, after) in samples(&(any_vendor(), any_domain_proof(), any_domain_proof())) {
            let [before, after] = [before, after].map(|proof| DomainProof { vendor_id: vendor.id, ..proof });
            let txn = database.begin().await.unwrap();
            vendor::insert(&txn, &vendor, now(), &RequestKey::default()).await.unwrap();
            for proof in [before, after] {
                domain_proof::save(&txn, &proof).await.unwrap();
                assert_eq!(domain_proof::find(&*txn, vendor.id).await.unwrap().as_ref(), Some(&proof));
                let Some(due) = proof.next_look else {
                    assert_eq!(domain_proof::find_due(&txn, DateTime::<Utc>::MAX_UTC.with_year(9999).unwrap(), 10).await.unwrap(), []);
                    continue;
                };
                assert_eq!(domain_proof::find_due(&txn, due - TimeDelta::milliseconds(1), 10).await.unwrap(), []);
                assert_eq!(domain_proof::find_due(&txn, due, 10).await.unwrap(), [proof]);
            }
        }
    }

    async fn checks_are_read_back_the_oldest_first(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        for (first, second, other) in samples(&(any_check(), any_check(), any_check())) {
            let mut own = [first.clone(), Check { subject: first.subject, ..second }];
            let txn = database.begin().await.unwrap();
            check::insert(&txn, &[own[0].clone(), own[1].clone(), other.clone()]).await.unwrap();
            own.sort_by_key(|check| (check.at, check.id));
            let found = check::of_subjects(&*txn, &[first.subject]).await.unwrap();
            assert_eq!(found.into_iter().collect::<Vec<_>>(), [(first.subject, own.to_vec())]);
            assert!(check::is_known(&*txn, first.subject, first.kind, &first.value).await.unwrap());
            assert!(!check::is_known(&*txn, other.subject, other.kind, &format!("{}x", other.value)).await.unwrap());
        }
    }

    async fn overrides_are_read_back_and_those_that_wait_counted(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        for (before, after) in samples(&(any_override(), any_override())) {
            let after = Override { id: before.id, subject: before.subject, ..after };
            let txn = database.begin().await.unwrap();
            check_override::insert(&txn, &before).await.unwrap();
            assert_eq!(check_override::find(&*txn, before.id).await.unwrap().as_ref(), Some(&before));
            check_override::update(&txn, &after).await.unwrap();
            assert_eq!(check_override::of_subject(&*txn, after.subject, 10).await.unwrap(), std::slice::from_ref(&after));
            let waits = matches!(after.state, OverrideState::Proposed { expires } if expires > now());
            assert_eq!(check_override::count_open(&*txn, after.subject, now()).await.unwrap(), u64::from(waits));
        }
    }

    async fn a_list_at_a_level_holds_exactly_those_whose_level_it_is(database: TestDatabase) {
        let database = database.migrated(crate::migrations()).await;
        let mut all: Vec<Standing> = samples(&prop::collection::vec(any_standing(), 40)).into_iter().flatten().collect();
        let txn = database.begin().await.unwrap();
        enrolment::save(&txn, &all).await.unwrap();
        txn.commit().await.unwrap();
        let reader = database.reader_within(Reach::Everything).await.unwrap();
        let key = |standing: &Standing| standing.claimed.subject;
        all.sort_by_key(key);
        let sorted = |mut found: Vec<Standing>| {
            found.sort_by_key(key);
            found
        };
        assert_eq!(sorted(list(&reader, ALL).await), all);
        for level in EnrolmentLevel::VARIANTS {
            let expected: Vec<Standing> = all.iter().filter(|standing| standing.level(now()) == *level).cloned().collect();
            assert!(!expected.is_empty(), "{level:?} is among the samples");
            let found = list(&reader, enrolment::Filter { levels: &[*level], ..ALL }).await;
            assert_eq!(sorted(found), expected, "{level:?}");
        }
        let both = [EnrolmentLevel::Unproven, EnrolmentLevel::Suspended];
        let expected: Vec<Standing> = all.iter().filter(|standing| both.contains(&standing.level(now()))).cloned().collect();
        assert_eq!(sorted(list(&reader, enrolment::Filter { levels: &both, ..ALL }).await), expected);
        for days in [1, 2, 3] {
            let before = now() + TimeDelta::days(days);
            let falls = |standing: &&Standing| standing.level_ends(now()).is_some_and(|ends| ends < before);
            let expected: Vec<Standing> = all.iter().filter(falls).cloned().collect();
            let found = list(&reader, enrolment::Filter { ends_before: Some(before), ..ALL }).await;
            assert_eq!(sorted(found), expected, "before {before}");
        }
    }
}

/// With row-level security alone: what is of one vendor or school is neither shown nor written by who reaches another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_level_security_keeps_enrolments_apart() {
    let Some(place) = TestDatabase::new(Store::Postgres).await else { return };
    let database: Database = place.migrated(crate::migrations()).await;
    let mut things = samples(&(any_vendor(), any_check(), any_override(), any_standing())).into_iter();
    let proof_of = |vendor: &Vendor| {
        let of = (vendor.id, vendor.details.domain.clone());
        DomainProof::issue(None, of, "abc".to_owned(), now()).unwrap()
    };
    let mut next = || {
        let (vendor, check, one, standing) = things.next().unwrap();
        let subject = Subject::Vendor(vendor.id);
        let claimed = Claimed { subject, ..standing.claimed };
        (vendor, Check { subject, ..check }, Override { subject, ..one }, Standing { claimed, top_until: None, ..standing })
    };
    let (own, other) = (next(), next());
    let txn = database.begin().await.unwrap();
    for (vendor, check, one, standing) in [&own, &other] {
        vendor::insert(&txn, vendor, now(), &RequestKey::default()).await.unwrap();
        domain_proof::save(&txn, &proof_of(vendor)).await.unwrap();
        check::insert(&txn, std::slice::from_ref(check)).await.unwrap();
        check_override::insert(&txn, one).await.unwrap();
        enrolment::save(&txn, std::slice::from_ref(standing)).await.unwrap();
    }
    txn.commit().await.unwrap();

    let reader = database.reader_within(Reach::one(own.0.id)).await.unwrap();
    assert_eq!(vendor::find(&reader, &Scope::Everything, own.0.id).await.unwrap().as_ref(), Some(&own.0));
    assert_eq!(vendor::find(&reader, &Scope::Everything, other.0.id).await.unwrap(), None);
    assert_eq!(domain_proof::find(&reader, own.0.id).await.unwrap(), Some(proof_of(&own.0)));
    assert_eq!(domain_proof::find(&reader, other.0.id).await.unwrap(), None);
    let checks = check::of_subjects(&reader, &[own.1.subject, other.1.subject]).await.unwrap();
    assert_eq!(checks.into_keys().collect::<Vec<_>>(), [own.1.subject]);
    assert_eq!(check_override::find(&reader, other.2.id).await.unwrap(), None);
    assert_eq!(list(&reader, ALL).await, std::slice::from_ref(&own.3));
    drop(reader);

    let begin = || database.begin_within(Reach::one(own.0.id));
    assert!(vendor::update(&begin().await.unwrap(), &other.0).await.is_err());
    assert!(domain_proof::save(&begin().await.unwrap(), &proof_of(&other.0)).await.is_err());
    assert!(check_override::update(&begin().await.unwrap(), &other.2).await.is_err());
    assert!(enrolment::save(&begin().await.unwrap(), std::slice::from_ref(&other.3)).await.is_err());
    let intruder = Check { id: Uuid::from_u128(1).into(), ..other.1 };
    assert!(check::insert(&begin().await.unwrap(), &[intruder]).await.is_err());
}
