//! Contacts: who may say whom to call at a school, and who is told.

use auth::{Function, Principal};
use events::Topic;
use proto::identity::v1::{
    Contact, CreateContactRequest, DeleteContactRequest, GetContactRequest, ImportFormat, ListContactsRequest, OrganisationState, School,
    UpdateContactRequest,
};
use testkit::{on_both_stores, person};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{TWO_SCHOOLS, World, director, gateway, ict_coordinator, operator, responder};

fn of(school: &School, name: &str, out_of_hours: bool) -> CreateContactRequest {
    let (school_id, name, phone) = (school.school_id.clone(), name.to_owned(), "09 374 12 34".to_owned());
    CreateContactRequest { school_id, name, phone, out_of_hours, request_id: String::new() }
}

async fn create(world: &World, who: &Principal, request: CreateContactRequest) -> Result<Contact, Status> {
    Ok(world.contacts().create_contact(world.by(who, request)).await?.into_inner())
}

async fn names(world: &World, who: &Principal, school: &School) -> Result<Vec<String>, Code> {
    let request = ListContactsRequest { school_id: school.school_id.clone(), ..Default::default() };
    let answer = world.contacts().list_contacts(world.by(who, request)).await.map_err(|status| status.code())?;
    Ok(answer.into_inner().contacts.into_iter().map(|contact| contact.name).collect())
}

async fn get(world: &World, who: &Principal, contact: &Contact) -> Result<Contact, Code> {
    let request = GetContactRequest { contact_id: contact.contact_id.clone() };
    let answer = world.contacts().get_contact(world.by(who, request)).await;
    answer.map(|contact| contact.into_inner()).map_err(|status| status.code())
}

fn changed(contact: &Contact, name: &str) -> UpdateContactRequest {
    let Contact { contact_id, phone, out_of_hours, etag, .. } = contact.clone();
    UpdateContactRequest { contact_id, name: name.to_owned(), phone, out_of_hours, etag }
}

fn without(contact: &Contact) -> DeleteContactRequest {
    DeleteContactRequest { contact_id: contact.contact_id.clone(), etag: contact.etag.clone() }
}

fn reason(refused: &Status) -> String {
    refused.get_error_details().error_info().unwrap().reason.clone()
}

on_both_stores! {
    async fn contacts_are_listed_by_day_first_and_then_by_name(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let coordinator = ict_coordinator(&zandloper);
        create(&world, &operator(), of(&vuurvogel, "Elders", false)).await.unwrap();
        for (name, out_of_hours) in [("Bewaking", true), ("onthaal", false), ("Els", false)] {
            create(&world, &coordinator, of(&zandloper, name, out_of_hours)).await.unwrap();
        }
        assert_eq!(names(&world, &coordinator, &zandloper).await.unwrap(), ["Els", "onthaal", "Bewaking"]);

        let page = |page_token: String| ListContactsRequest { school_id: zandloper.school_id.clone(), page_size: 2, page_token };
        let first = world.contacts().list_contacts(world.by(&operator(), page(String::new()))).await.unwrap().into_inner();
        let second = world.contacts().list_contacts(world.by(&operator(), page(first.next_page_token))).await.unwrap().into_inner();
        assert_eq!((first.contacts.len(), second.contacts[0].name.as_str(), second.next_page_token.as_str()), (2, "Bewaking", ""));
    }

    async fn a_contact_is_changed_and_deleted_as_it_was_read(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let who = director(&zandloper);
        let contact = create(&world, &who, of(&zandloper, "Els", false)).await.unwrap();

        let stale = changed(&contact, "Els Vermeulen");
        let contact = world.contacts().update_contact(world.by(&who, stale.clone())).await.unwrap().into_inner();

        assert_eq!(get(&world, &who, &contact).await.unwrap(), Contact { name: "Els Vermeulen".into(), ..contact.clone() });
        let refused = world.contacts().update_contact(world.by(&who, stale.clone())).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Aborted, "etag_changed"));
        let refused = world.contacts().delete_contact(world.by(&who, DeleteContactRequest { etag: stale.etag, ..without(&contact) })).await;
        assert_eq!(refused.unwrap_err().code(), Code::Aborted);
        world.contacts().delete_contact(world.by(&who, without(&contact))).await.unwrap();
        assert_eq!(get(&world, &who, &contact).await, Err(Code::NotFound));
    }

    async fn a_school_has_at_most_twenty(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let (world, who, school) = (&world, &operator(), &zandloper);
        let attempts = (0..22).map(|number| async move { create(world, who, of(school, &format!("Nummer {number}"), false)).await });
        let answers = futures::future::join_all(attempts).await;
        let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
        let refused: Vec<_> = refused.into_iter().map(|status| (status.code(), reason(status))).collect();
        assert_eq!(refused, vec![(Code::FailedPrecondition, "too_many_contacts".to_owned()); 2]);
        assert_eq!(names(world, who, school).await.unwrap().len(), 20);
        create(world, who, of(&vuurvogel, "Onthaal", false)).await.unwrap();
        let one = answers.into_iter().find_map(Result::ok).unwrap();
        world.contacts().delete_contact(world.by(who, without(&one))).await.unwrap();
        create(world, who, of(school, "Onthaal", false)).await.unwrap();
    }

    async fn the_same_request_again_gives_the_same_contact(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let request = CreateContactRequest { request_id: "0199c0de-0000-7000-8000-00000000abcd".into(), ..of(&zandloper, "Els", false) };
        let first = create(&world, &operator(), request.clone()).await.unwrap();
        assert_eq!(create(&world, &operator(), request.clone()).await.unwrap(), first);
        let other = CreateContactRequest { name: "Karim".into(), ..request };
        assert_eq!(reason(&create(&world, &operator(), other).await.unwrap_err()), "request_id_reused");
        assert_eq!(names(&world, &operator(), &zandloper).await.unwrap(), ["Els"]);
    }

    async fn who_may_see_and_who_may_say_whom_to_call(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let contact = create(&world, &operator(), of(&zandloper, "Els", false)).await.unwrap();
        let expected = [
            ("director", director(&zandloper), Code::Ok, Code::Ok, Code::Ok),
            ("ICT coordinator", ict_coordinator(&zandloper), Code::Ok, Code::Ok, Code::Ok),
            ("operator", operator(), Code::Ok, Code::Ok, Code::Ok),
            ("responder", responder(), Code::Ok, Code::PermissionDenied, Code::PermissionDenied),
            ("response lead", person(6, &[Function::ResponseLead]), Code::Ok, Code::PermissionDenied, Code::PermissionDenied),
            ("director elsewhere", director(&vuurvogel), Code::NotFound, Code::NotFound, Code::NotFound),
            ("nobody in particular", person(9, &[]), Code::PermissionDenied, Code::NotFound, Code::PermissionDenied),
            ("a gateway", gateway("0199c0de-0000-7000-8000-00000000abcd"), Code::PermissionDenied, Code::NotFound, Code::PermissionDenied),
        ];
        for (who, principal, reading, creating, updating) in expected {
            assert_eq!(get(&world, &principal, &contact).await.map_or_else(|code| code, |_| Code::Ok), reading, "{who} reads");
            let may_list = if reading == Code::Ok { Ok(()) } else { Err(Code::NotFound) };
            assert_eq!(names(&world, &principal, &zandloper).await.map(|_| ()), may_list, "{who} lists");
            let created = create(&world, &principal, of(&zandloper, who, true)).await;
            assert_eq!(created.map_or_else(|status| status.code(), |_| Code::Ok), creating, "{who} creates");
            let current = get(&world, &operator(), &contact).await.unwrap();
            let updated = world.contacts().update_contact(world.by(&principal, changed(&current, who))).await;
            assert_eq!(updated.map_or_else(|status| status.code(), |_| Code::Ok), updating, "{who} updates");
            if updating != Code::Ok {
                let refused = world.contacts().delete_contact(world.by(&principal, without(&current))).await.unwrap_err();
                assert_eq!(refused.code(), updating, "{who} deletes");
            }
        }
    }

    async fn a_contact_of_no_school_is_not_found_and_every_wrong_field_is_named(database: TestDatabase) {
        let world = World::start(&database).await;
        let nowhere = School { school_id: "0199c0de-0000-7000-8000-00000000ffff".into(), ..Default::default() };
        assert_eq!(create(&world, &operator(), of(&nowhere, "Els", false)).await.unwrap_err().code(), Code::NotFound);
        let request = CreateContactRequest { school_id: "x".into(), name: " ".into(), phone: "bel ons".into(), out_of_hours: false, request_id: "x".into() };
        let refused = create(&world, &operator(), request).await.unwrap_err();
        let details = refused.get_error_details();
        let fields: Vec<_> = details.bad_request().unwrap().field_violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, ["school_id", "name", "phone", "request_id"]);
    }

    async fn every_change_is_audited_and_told_and_an_import_forgets_no_contact(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let who = ict_coordinator(&zandloper);
        create(&world, &who, of(&zandloper, "Bewaking", true)).await.unwrap();
        let contact = create(&world, &who, of(&zandloper, "Els", false)).await.unwrap();
        let contact = world.contacts().update_contact(world.by(&who, changed(&contact, "Onthaal"))).await.unwrap().into_inner();
        world.contacts().delete_contact(world.by(&who, without(&contact))).await.unwrap();
        world.import(&operator(), ImportFormat::Csv, &TWO_SCHOOLS.replace("De Zandloper", "De Wijzer"), false).await.unwrap();

        let heard = world.events(Topic::Organisation, 7).await;
        let states: Vec<OrganisationState> = heard.iter().map(|event| event.decode().unwrap()).collect();
        let of_zandloper = states.iter().filter(|state| state.school.as_ref().unwrap().school_id == zandloper.school_id);
        let told: Vec<Vec<&str>> = of_zandloper.map(|state| state.contacts.iter().map(|contact| contact.name.as_str()).collect()).collect();
        assert_eq!(told, [vec![], vec!["Bewaking"], vec!["Els", "Bewaking"], vec!["Onthaal", "Bewaking"], vec!["Bewaking"], vec!["Bewaking"]]);
        let acts = world.acts_at(&zandloper).await;
        assert_eq!(acts.iter().filter(|act| **act == (who.actor(), "contact.edit".to_owned())).count(), 4);
        assert_eq!(world.acts_at(&vuurvogel).await.len(), 1);
        world.assert_audit_trail_is_intact().await;
    }
}
