//! Vendors: made by an operator, or by somebody who works there.

use auth::{Function, Principal};
use chrono::TimeDelta;
use proto::identity::v1::{
    AcceptInvitationRequest, CreateInvitationRequest, CreateVendorRequest, GetVendorRequest, RegisterVendorRequest, UpdateVendorRequest,
    Vendor,
};
use runtime::{Ids, RequestId, VendorId};
use testkit::{on_both_stores, person};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::world::{World, operator};

/// Real check digits, of nobody in particular.
pub const NUMBERS: [&str; 4] = ["1000.000.021", "1000.002.197", "0428.759.497", "0403.019.261"];

pub fn leermaat(number: &str) -> CreateVendorRequest {
    CreateVendorRequest {
        enterprise_number: number.to_owned(),
        name: "Leermaat BV".to_owned(),
        domain: "Leermaat.example".to_owned(),
        security_contact: "security@leermaat.example".to_owned(),
        request_id: String::new(),
    }
}

fn registration(number: &str) -> RegisterVendorRequest {
    let CreateVendorRequest { enterprise_number, name, domain, security_contact, request_id } = leermaat(number);
    RegisterVendorRequest { enterprise_number, name, domain, security_contact, request_id }
}

pub async fn create(world: &World, number: &str) -> Vendor {
    world.vendors().create_vendor(world.by(&operator(), leermaat(number))).await.unwrap().into_inner()
}

/// Somebody who works there, by their token.
pub fn contact_of(vendor: &Vendor) -> Principal {
    person(40, &[Function::VendorContact(vendor.vendor_id.parse().unwrap())])
}

async fn register(world: &World, who: &Principal, ask: RegisterVendorRequest) -> Result<(), Status> {
    world.vendors().register_vendor(world.by(who, ask)).await.map(drop)
}

fn reason(refused: &Status) -> String {
    refused.get_details_error_info().unwrap().reason
}

fn fields(refused: &Status) -> Vec<String> {
    refused.get_details_bad_request().unwrap().field_violations.into_iter().map(|violation| violation.field).collect()
}

on_both_stores! {
    async fn an_operator_makes_a_vendor_once_and_invites_its_contact(database: TestDatabase) {
        let world = World::start(&database).await;
        let ask = CreateVendorRequest { request_id: Ids::counted().next::<RequestId>().to_string(), ..leermaat("BE 1000000021") };
        let made = world.vendors().create_vendor(world.by(&operator(), ask.clone())).await.unwrap().into_inner();
        assert_eq!((made.enterprise_number.as_str(), made.domain.as_str()), ("1000.000.021", "leermaat.example"));
        let again = world.vendors().create_vendor(world.by(&operator(), ask.clone())).await.unwrap().into_inner();
        assert_eq!(again, made);
        let other = CreateVendorRequest { name: "Anders".to_owned(), ..ask };
        let refused = world.vendors().create_vendor(world.by(&operator(), other)).await.unwrap_err();
        assert_eq!(reason(&refused), "request_id_reused");
        let refused = world.vendors().create_vendor(world.by(&operator(), leermaat("1000.000.021"))).await.unwrap_err();
        assert_eq!(reason(&refused), "enterprise_number_taken");

        let function = Function::VendorContact(made.vendor_id.parse().unwrap());
        let ask = CreateInvitationRequest { email: "an@leermaat.example".to_owned(), function: function.to_string(), ..Default::default() };
        world.invitations().create_invitation(world.by(&operator(), ask)).await.unwrap();
        let token = world.links().await.pop().unwrap();
        let accepted = world.invitations().accept_invitation(world.by(&person(41, &[]), AcceptInvitationRequest { token })).await.unwrap();
        assert_eq!(accepted.into_inner().function, function.to_string());
        world.assert_audit_trail_is_intact().await;
    }

    async fn somebody_who_works_there_registers_it_and_goes_on_with_the_link_at_its_domain(database: TestDatabase) {
        let world = World::start(&database).await;
        let an = person(41, &[]);
        let ask = RegisterVendorRequest { request_id: Ids::counted().next::<RequestId>().to_string(), ..registration("1000.002.197") };
        register(&world, &an, ask.clone()).await.unwrap();
        register(&world, &an, ask).await.unwrap();
        let links = world.links().await;
        assert_eq!(links.len(), 1, "a repetition sends no second mail");
        let accept = AcceptInvitationRequest { token: links[0].clone() };
        let accepted = world.invitations().accept_invitation(world.by(&an, accept)).await.unwrap().into_inner();
        let Ok(Function::VendorContact(vendor)) = accepted.function.parse() else { panic!("{accepted:?}") };
        assert_eq!(accepted.appointed_by, "service:identity", "nobody with authority over it invited them");
        let contact = person(41, &[Function::VendorContact(vendor)]);
        let ask = GetVendorRequest { vendor_id: vendor.to_string() };
        let seen = world.vendors().get_vendor(world.by(&contact, ask)).await.unwrap().into_inner();
        assert_eq!((seen.enterprise_number.as_str(), seen.security_contact.as_str()), ("1000.002.197", "security@leermaat.example"));
    }

    async fn whether_a_number_is_enrolled_is_told_to_who_signed_in_surely_alone(database: TestDatabase) {
        let world = World::start(&database).await;
        create(&world, NUMBERS[0]).await;
        for number in [NUMBERS[0], NUMBERS[1]] {
            let token = world.people.token_with(&person(41, &[]), |claims| claims["acr"] = "urn:schildwacht:leerid".into());
            let mut ask = Request::new(registration(number));
            ask.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
            assert_eq!(reason(&world.vendors().register_vendor(ask).await.unwrap_err()), "step_up_required", "{number}");
        }
        let refused = register(&world, &person(41, &[]), registration(NUMBERS[0])).await.unwrap_err();
        assert_eq!(reason(&refused), "enterprise_number_taken");
        assert_eq!(world.links().await, Vec::<String>::new());
    }

    async fn one_person_registers_three_vendors_a_day(database: TestDatabase) {
        let world = World::start(&database).await;
        let an = person(41, &[]);
        for number in &NUMBERS[..3] {
            register(&world, &an, registration(number)).await.unwrap();
        }
        assert_eq!(reason(&register(&world, &an, registration(NUMBERS[3])).await.unwrap_err()), "too_many_registrations");
        register(&world, &person(42, &[]), registration(NUMBERS[3])).await.unwrap();
        world.clock.advance(TimeDelta::days(1));
        let refused = register(&world, &an, registration(NUMBERS[3])).await.unwrap_err();
        assert_eq!(reason(&refused), "enterprise_number_taken", "the next day they may try again");
    }

    async fn all_that_is_wrong_with_a_vendor_is_said_at_once(database: TestDatabase) {
        let world = World::start(&database).await;
        let ask = RegisterVendorRequest {
            enterprise_number: "0428.759.400".to_owned(),
            domain: "github.io".to_owned(),
            security_contact: "nergens".to_owned(),
            ..Default::default()
        };
        let refused = register(&world, &person(41, &[]), ask).await.unwrap_err();
        assert_eq!(fields(&refused), ["enterprise_number", "name", "domain", "security_contact"]);
        let elsewhere = RegisterVendorRequest { security_contact: "security@kwaad.example".to_owned(), ..registration(NUMBERS[0]) };
        assert_eq!(fields(&register(&world, &person(41, &[]), elsewhere).await.unwrap_err()), ["security_contact"]);
        assert_eq!(world.links().await, Vec::<String>::new());
    }

    async fn a_vendor_is_changed_by_its_contact_as_they_read_it(database: TestDatabase) {
        let world = World::start(&database).await;
        let made = create(&world, NUMBERS[0]).await;
        let change = |etag: &str| UpdateVendorRequest {
            vendor_id: made.vendor_id.clone(),
            name: "Leermaat NV".to_owned(),
            domain: "app.leermaat.example".to_owned(),
            security_contact: "psirt@leermaat.example".to_owned(),
            etag: etag.to_owned(),
        };
        let changed = world.vendors().update_vendor(world.by(&contact_of(&made), change(&made.etag))).await.unwrap().into_inner();
        assert_eq!((changed.name.as_str(), changed.domain.as_str()), ("Leermaat NV", "app.leermaat.example"));
        assert_eq!(changed.enterprise_number, made.enterprise_number);
        let stale = world.vendors().update_vendor(world.by(&contact_of(&made), change(&made.etag))).await.unwrap_err();
        assert_eq!(stale.code(), Code::Aborted);
        let stranger = person(43, &[Function::VendorContact(Ids::counted().next::<VendorId>())]);
        let refused = world.vendors().update_vendor(world.by(&stranger, change(&changed.etag))).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        let ask = GetVendorRequest { vendor_id: made.vendor_id.clone() };
        assert_eq!(world.vendors().get_vendor(world.by(&operator(), ask)).await.unwrap().into_inner(), changed);
    }
}
