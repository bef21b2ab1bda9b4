//! Proof of a vendor's domain: a token in its DNS, looked for when asked. What happens every week: `src/app/domain_proof/tests.rs`.

use auth::Principal;
use chrono::TimeDelta;
use proto::{
    identity::v1::{
        Check, CheckCompanyRequest, CheckDomainRequest, CheckKind, CheckOutcome, DomainProof, EnrolmentDetails, EnrolmentLevel,
        GetEnrolmentRequest, IssueDomainProofRequest, UpdateVendorRequest, Vendor, get_enrolment_request,
    },
    time::moment,
};
use testkit::on_both_stores;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    name_server::Has,
    vendors::{NUMBERS, contact_of, create},
    world::{World, operator},
};

async fn issue(world: &World, who: &Principal, vendor: &Vendor) -> Result<DomainProof, Status> {
    let ask = IssueDomainProofRequest { vendor_id: vendor.vendor_id.clone() };
    Ok(world.enrolments().issue_domain_proof(world.by(who, ask)).await?.into_inner().domain_proof.unwrap())
}

async fn look(world: &World, who: &Principal, vendor: &Vendor) -> Result<EnrolmentDetails, Status> {
    let ask = CheckDomainRequest { vendor_id: vendor.vendor_id.clone() };
    Ok(world.enrolments().check_domain(world.by(who, ask)).await?.into_inner())
}

async fn get(world: &World, vendor: &Vendor) -> EnrolmentDetails {
    let organisation = Some(get_enrolment_request::Organisation::VendorId(vendor.vendor_id.clone()));
    world.enrolments().get_enrolment(world.by(&operator(), GetEnrolmentRequest { organisation })).await.unwrap().into_inner()
}

/// The outcome of the last look, and why.
fn last(details: &EnrolmentDetails) -> (CheckOutcome, &str) {
    let Check { reason, .. } = &details.checks[0];
    assert_eq!(details.checks[0].kind(), CheckKind::Domain);
    assert_eq!(details.domain_proof.as_ref().unwrap().last_outcome(), details.checks[0].outcome());
    (details.checks[0].outcome(), reason)
}

fn reason(refused: &Status) -> String {
    refused.get_details_error_info().unwrap().reason
}

fn level(details: &EnrolmentDetails) -> EnrolmentLevel {
    details.enrolment.as_ref().unwrap().level()
}

/// A vendor whose number was looked up.
async fn in_register(world: &World) -> Vendor {
    let vendor = create(world, NUMBERS[0]).await;
    let Vendor { vendor_id, etag, .. } = vendor.clone();
    let ask = CheckCompanyRequest { vendor_id, outcome: CheckOutcome::Passed.into(), reason: "KBO".to_owned(), etag };
    world.enrolments().check_company(world.by(&operator(), ask)).await.unwrap();
    vendor
}

/// The same, with its token placed and found.
async fn proven(world: &World) -> (Vendor, DomainProof) {
    let vendor = in_register(world).await;
    let contact = contact_of(&vendor);
    let proof = issue(world, &contact, &vendor).await.unwrap();
    world.zone.put_texts(&proof.record_name, &[&proof.record_value]);
    let details = look(world, &contact, &vendor).await.unwrap();
    assert_eq!(level(&details), EnrolmentLevel::MaySubmit);
    (vendor, proof)
}

on_both_stores! {
    async fn a_vendor_may_submit_once_its_domain_has_the_token(database: TestDatabase) {
        let world = World::start(&database).await;
        let vendor = in_register(&world).await;
        let contact = contact_of(&vendor);
        assert_eq!(reason(&look(&world, &contact, &vendor).await.unwrap_err()), "no_token");
        let proof = issue(&world, &contact, &vendor).await.unwrap();
        assert_eq!(proof.record_name, "_schildwacht-challenge.leermaat.example");
        assert_eq!(proof.record_value.len(), "token=".len() + 43, "256 bits");
        assert_eq!(moment(proof.place_by_time.unwrap()), Some(world.now() + TimeDelta::days(14)));

        let missing = look(&world, &contact, &vendor).await.unwrap();
        assert_eq!((last(&missing), level(&missing)), ((CheckOutcome::Failed, "no_record"), EnrolmentLevel::Draft));
        world.clock.advance(TimeDelta::minutes(1));
        world.zone.put_texts(&proof.record_name, &[&format!("{} expiry=never", proof.record_value)]);
        let found = look(&world, &contact, &vendor).await.unwrap();
        assert_eq!((last(&found), level(&found)), ((CheckOutcome::Passed, "token_found"), EnrolmentLevel::MaySubmit));
        assert_eq!(found.checks[0].value, "leermaat.example");
        assert_eq!(moment(found.domain_proof.unwrap().next_look_time.unwrap()), Some(world.now() + TimeDelta::days(7)));
        world.zone.remove(&proof.record_name);
        world.clock.advance(TimeDelta::minutes(1));
        let gone = look(&world, &contact, &vendor).await.unwrap();
        assert_eq!((last(&gone), level(&gone)), ((CheckOutcome::Failed, "no_record"), EnrolmentLevel::MaySubmit), "the first miss");
        world.assert_audit_trail_is_intact().await;
    }

    async fn the_token_counts_among_ten_others_in_two_strings_and_behind_a_few_aliases(database: TestDatabase) {
        let world = World::start(&database).await;
        let vendor = in_register(&world).await;
        let contact = contact_of(&vendor);
        let DomainProof { record_name, record_value, .. } = issue(&world, &contact, &vendor).await.unwrap();
        let mut texts: Vec<Vec<String>> = (0..10).map(|number| vec![format!("token=other-{number}")]).collect();
        let (front, back) = record_value.split_at(20);
        texts.push(vec![front.to_owned(), back.to_owned()]);
        world.zone.put(&record_name, Has::Texts(texts));
        assert_eq!(last(&look(&world, &contact, &vendor).await.unwrap()), (CheckOutcome::Passed, "token_found"));

        let chain = |length: usize| {
            let names: Vec<String> = (0..=length).map(|step| if step == 0 { record_name.clone() } else { format!("a{step}.dns.example") }).collect();
            for pair in names.windows(2) {
                world.zone.put(&pair[0], Has::Alias(pair[1].clone()));
            }
            world.zone.put_texts(names.last().unwrap(), &[&record_value]);
        };
        chain(4);
        world.clock.advance(TimeDelta::minutes(1));
        assert_eq!(last(&look(&world, &contact, &vendor).await.unwrap()), (CheckOutcome::Passed, "token_found"));
        chain(5);
        world.clock.advance(TimeDelta::minutes(1));
        assert_eq!(last(&look(&world, &contact, &vendor).await.unwrap()), (CheckOutcome::Failed, "too_many_aliases"));
    }

    async fn the_token_of_another_vendor_or_at_another_name_proves_nothing(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vendor, other) = (in_register(&world).await, create(&world, NUMBERS[1]).await);
        let (own, others) = (issue(&world, &contact_of(&vendor), &vendor).await.unwrap(), issue(&world, &contact_of(&other), &other).await.unwrap());
        assert_ne!(own.record_value, others.record_value);
        world.zone.put_texts(&own.record_name, &[&others.record_value]);
        world.zone.put_texts("leermaat.example", &[&own.record_value]);
        world.zone.put_texts("_schildwacht-challenge.example", &[&own.record_value]);
        let details = look(&world, &contact_of(&vendor), &vendor).await.unwrap();
        assert_eq!((last(&details), level(&details)), ((CheckOutcome::Failed, "other_token"), EnrolmentLevel::Draft));
        let stranger = issue(&world, &contact_of(&other), &vendor).await.unwrap_err();
        assert_eq!(stranger.code(), Code::NotFound);
    }

    async fn a_server_that_cannot_answer_says_neither_yes_nor_no(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vendor, proof) = proven(&world).await;
        world.zone.put(&proof.record_name, Has::Trouble);
        for _ in 0..3 {
            world.clock.advance(TimeDelta::minutes(1));
            let details = look(&world, &contact_of(&vendor), &vendor).await.unwrap();
            assert_eq!((last(&details), level(&details)), ((CheckOutcome::Unanswered, "no_answer"), EnrolmentLevel::MaySubmit));
        }
    }

    async fn tokens_and_looks_of_a_day_are_few(database: TestDatabase) {
        let world = World::start(&database).await;
        let vendor = in_register(&world).await;
        let contact = contact_of(&vendor);
        for _ in 0..5 {
            issue(&world, &contact, &vendor).await.unwrap();
        }
        assert_eq!(reason(&issue(&world, &contact, &vendor).await.unwrap_err()), "too_many_tokens");
        world.zone.put("_schildwacht-challenge.leermaat.example", Has::Trouble);
        for _ in 0..20 {
            look(&world, &contact, &vendor).await.unwrap();
        }
        assert_eq!(reason(&look(&world, &contact, &vendor).await.unwrap_err()), "too_many_looks", "those without an answer count");
    }

    async fn a_vendor_with_another_domain_asks_for_another_token(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vendor, proof) = proven(&world).await;
        let Vendor { vendor_id, name, security_contact, etag, .. } = vendor.clone();
        let moved = UpdateVendorRequest { vendor_id, name, domain: "leermaat.test".to_owned(), security_contact, etag };
        world.vendors().update_vendor(world.by(&contact_of(&vendor), moved)).await.unwrap();
        let details = get(&world, &vendor).await;
        assert_eq!((level(&details), details.domain_proof), (EnrolmentLevel::Draft, None));
        assert_eq!(reason(&look(&world, &contact_of(&vendor), &vendor).await.unwrap_err()), "no_token");
        let other = issue(&world, &contact_of(&vendor), &vendor).await.unwrap();
        assert_ne!((other.record_name, other.record_value), (proof.record_name, proof.record_value));
    }
}
