//! Who a person is goes when two operators say so, and what that leads to.

use auth::{Function, Principal};
use chrono::TimeDelta;
use events::Topic;
use proto::{
    identity::v1::{
        AcceptInvitationRequest, AgreeErasureRequest, Appointment, AppointmentState, CreateInvitationRequest, Erasure, ErasureState,
        GetAppointmentRequest, Invitation, ListErasuresRequest, PersonErased, PersonFunctions, ProposeErasureRequest, School,
        WithdrawErasureRequest,
    },
    operations::v1::{CreateHoldRequest, retention_service_client::RetentionServiceClient},
    time::timestamp,
};
use sea_orm::{ConnectionTrait as _, Statement};
use storage::Reach;
use testkit::{on_both_stores, person};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{World, director, id_of, operator};

fn second_operator() -> Principal {
    person(31, &[Function::Operator])
}

/// A teacher, by name in their token.
fn lies() -> Principal {
    Principal { name: "Lies Moens".to_owned(), ..person(40, &[]) }
}

fn of(who: &Principal) -> ProposeErasureRequest {
    let person_id = who.person_id().unwrap().to_string();
    ProposeErasureRequest { person_id, reason: "Verzoek 2026-114".to_owned(), request_id: String::new() }
}

fn reason(refused: &Status) -> String {
    refused.get_details_error_info().unwrap().reason
}

async fn propose(world: &World, who: &Principal, ask: ProposeErasureRequest) -> Result<Erasure, Status> {
    Ok(world.erasures().propose_erasure(world.by(who, ask)).await?.into_inner())
}

async fn agree(world: &World, who: &Principal, proposed: &Erasure) -> Result<Erasure, Status> {
    let Erasure { erasure_id, etag, .. } = proposed.clone();
    Ok(world.erasures().agree_erasure(world.by(who, AgreeErasureRequest { erasure_id, etag })).await?.into_inner())
}

async fn withdraw(world: &World, who: &Principal, proposed: &Erasure) -> Result<Erasure, Status> {
    let Erasure { erasure_id, etag, .. } = proposed.clone();
    Ok(world.erasures().withdraw_erasure(world.by(who, WithdrawErasureRequest { erasure_id, etag })).await?.into_inner())
}

async fn erase(world: &World, who: &Principal) {
    let proposed = propose(world, &operator(), of(who)).await.unwrap();
    agree(world, &second_operator(), &proposed).await.unwrap();
}

async fn open(world: &World) -> Vec<String> {
    let ask = ListErasuresRequest { only_open: true, ..Default::default() };
    let listed = world.erasures().list_erasures(world.by(&operator(), ask)).await.unwrap().into_inner();
    listed.erasures.into_iter().map(|erasure| erasure.erasure_id).collect()
}

async fn invite(world: &World, by: &Principal, email: &str, function: Function) -> Invitation {
    let ask = CreateInvitationRequest { email: email.to_owned(), function: function.to_string(), ..Default::default() };
    world.invitations().create_invitation(world.by(by, ask)).await.unwrap().into_inner()
}

async fn appoint(world: &World, by: &Principal, who: &Principal, function: Function) -> Appointment {
    invite(world, by, "Lies.Moens@zandloper.example", function).await;
    let accept = AcceptInvitationRequest { token: world.links().await.pop().unwrap() };
    world.invitations().accept_invitation(world.by(who, accept)).await.unwrap().into_inner()
}

async fn appointment(world: &World, school: &School, id: &str) -> Appointment {
    let ask = GetAppointmentRequest { appointment_id: id.to_owned() };
    world.appointments().get_appointment(world.by(&director(school), ask)).await.unwrap().into_inner()
}

async fn texts(world: &World, question: &str) -> Vec<String> {
    let question = Statement::from_string(world.database.backend(), question);
    let reader = world.database.reader_within(Reach::Everything).await.unwrap();
    reader.query_all_raw(question).await.unwrap().iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn name_beside_the_trail(world: &World, who: &Principal) -> Vec<String> {
    texts(world, &format!("SELECT name FROM audit_actor WHERE actor = '{}'", who.actor())).await
}

on_both_stores! {
    async fn a_second_operator_agrees_within_a_week_and_no_machine_does(database: TestDatabase) {
        let world = World::start(&database).await;
        let machine = Principal::service("cli");
        let machine = Principal { functions: vec![Function::Operator], ..machine };
        let refused = propose(&world, &machine, of(&lies())).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);

        let proposed = propose(&world, &operator(), of(&lies())).await.unwrap();
        assert_eq!((proposed.state(), proposed.reason.as_str()), (ErasureState::Proposed, "Verzoek 2026-114"));
        assert_eq!(reason(&agree(&world, &operator(), &proposed).await.unwrap_err()), "own_erasure");
        assert_eq!(agree(&world, &machine, &proposed).await.unwrap_err().code(), Code::PermissionDenied);
        let again = propose(&world, &second_operator(), of(&lies())).await.unwrap_err();
        assert_eq!(reason(&again), "erasure_already_proposed");
        assert_eq!(open(&world).await, std::slice::from_ref(&proposed.erasure_id));

        let agreed = agree(&world, &second_operator(), &proposed).await.unwrap();
        assert_eq!(agreed.state(), ErasureState::Agreed);
        let [actor, action, resource, detail] = world.last_act_of_the_platform().await;
        assert_eq!([actor, action, resource], [second_operator().actor(), "erasure.decide".to_owned(), lies().actor()]);
        assert!(detail.contains("erasure_agreed") && !detail.contains("Verzoek"), "{detail}");
        assert_eq!(reason(&agree(&world, &second_operator(), &agreed).await.unwrap_err()), "erasure_not_open");
        assert_eq!(reason(&agree(&world, &second_operator(), &proposed).await.unwrap_err()), "etag_changed");

        let late = propose(&world, &operator(), of(&lies())).await.unwrap();
        world.clock.advance(TimeDelta::days(7));
        assert_eq!(reason(&agree(&world, &second_operator(), &late).await.unwrap_err()), "erasure_not_open");
        assert_eq!(open(&world).await, [""; 0]);
    }

    async fn a_proposal_is_withdrawn_by_either_and_asking_twice_makes_one(database: TestDatabase) {
        let world = World::start(&database).await;
        let twice = ProposeErasureRequest { request_id: uuid::Uuid::from_u128(7).to_string(), ..of(&lies()) };
        let first = propose(&world, &operator(), twice.clone()).await.unwrap();
        assert_eq!(propose(&world, &operator(), twice.clone()).await.unwrap(), first);
        let other = ProposeErasureRequest { person_id: of(&operator()).person_id, ..twice };
        assert_eq!(reason(&propose(&world, &operator(), other).await.unwrap_err()), "request_id_reused");
        assert_eq!(withdraw(&world, &second_operator(), &first).await.unwrap().state(), ErasureState::Withdrawn);
        assert_eq!(open(&world).await, [""; 0]);
        let second = propose(&world, &operator(), of(&lies())).await.unwrap();
        assert_eq!(withdraw(&world, &operator(), &second).await.unwrap().state(), ErasureState::Withdrawn);
        assert_eq!(reason(&agree(&world, &second_operator(), &second).await.unwrap_err()), "etag_changed");
    }

    async fn who_is_on_hold_stays(database: TestDatabase) {
        let world = World::start(&database).await;
        let before = propose(&world, &operator(), of(&lies())).await.unwrap();
        let hold = CreateHoldRequest {
            subject: lies().actor(),
            reason: "klacht".to_owned(),
            end_time: Some(timestamp(world.now() + TimeDelta::days(2))),
            request_id: String::new(),
        };
        RetentionServiceClient::new(world.channel()).create_hold(world.by(&operator(), hold)).await.unwrap();
        let refused = agree(&world, &second_operator(), &before).await.unwrap_err();
        assert_eq!(reason(&refused), "on_hold");
        assert!(refused.message().contains("schildwacht retention holds"), "{}", refused.message());
        assert_eq!(reason(&propose(&world, &operator(), of(&lies())).await.unwrap_err()), "on_hold");
        world.clock.advance(TimeDelta::days(2));
        assert_eq!(agree(&world, &second_operator(), &before).await.unwrap().state(), ErasureState::Agreed);
    }

    async fn what_a_person_holds_ends_and_nothing_leads_to_them(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        let head = appoint(&world, &operator(), &lies(), Function::Director(id_of(&school))).await;
        let teacher = appoint(&world, &director(&school), &lies(), Function::Teacher(id_of(&school))).await;
        // In other letters, and not answered.
        let open = invite(&world, &director(&school), "lies.moens@ZANDLOPER.example", Function::IctCoordinator(id_of(&school))).await;
        let other = invite(&world, &director(&school), "jan@zandloper.example", Function::IctCoordinator(id_of(&school))).await;

        let proposed = propose(&world, &operator(), of(&lies())).await.unwrap();
        assert_eq!(proposed.name, "Lies Moens");
        let mut functions = proposed.functions.clone();
        functions.sort();
        assert_eq!(functions, [head.function.clone(), teacher.function.clone()]);
        assert_eq!(proposed.last_functions, std::slice::from_ref(&head.function), "a school is not looked after by its teachers");
        agree(&world, &second_operator(), &proposed).await.unwrap();

        for before in [&head, &teacher] {
            let after = appointment(&world, &school, &before.appointment_id).await;
            assert_eq!((after.state(), after.name, after.email), (AppointmentState::Ended, String::new(), String::new()));
            assert_eq!(after.end_time, Some(timestamp(world.now())));
        }
        assert_eq!(texts(&world, "SELECT sort_key FROM appointment").await, ["", ""]);
        assert_eq!(texts(&world, "SELECT email FROM invitation").await, [other.email]);
        assert_eq!(texts(&world, "SELECT to_address FROM mail").await, ["jan@zandloper.example"]);
        assert_eq!(name_beside_the_trail(&world, &lies()).await, [""]);
        let acts = texts(&world, &format!("SELECT resource FROM audit_log WHERE action = 'function.end' AND chain = 'school:{}' ORDER BY seq", school.school_id)).await;
        let ended = [&head, &teacher].map(|before| format!("appointment:{}", before.appointment_id));
        assert_eq!(acts, [ended.as_slice(), &[format!("invitation:{}", open.invitation_id)]].concat());

        let told = world.events(Topic::Function, 4).await;
        assert_eq!(told.last().unwrap().decode::<PersonFunctions>().unwrap().functions, []);
        let told = world.events(Topic::Erasure, 1).await;
        let erased: PersonErased = told[0].decode().unwrap();
        assert_eq!((told[0].key.as_ref(), erased.person_id), (of(&lies()).person_id.as_bytes(), of(&lies()).person_id));
        world.assert_audit_trail_is_intact().await;
    }

    async fn a_mailbox_that_a_colleague_uses_too_is_left_to_them(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        appoint(&world, &operator(), &lies(), Function::Director(id_of(&school))).await;
        appoint(&world, &director(&school), &person(41, &[]), Function::Teacher(id_of(&school))).await;
        invite(&world, &operator(), "lies.moens@zandloper.example", Function::Director(id_of(&school))).await;
        erase(&world, &lies()).await;
        let mut left = texts(&world, "SELECT state FROM invitation").await;
        left.sort();
        assert_eq!(left, ["accepted", "awaited"], "the colleague's, and the successor's");
        assert_eq!(texts(&world, "SELECT to_address FROM mail").await.len(), 3);
    }

    async fn who_was_erased_acts_without_a_name_until_they_take_a_function_again(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        let by_token = Principal { functions: vec![Function::Director(id_of(&school))], ..lies() };
        invite(&world, &by_token, "jan@zandloper.example", Function::Teacher(id_of(&school))).await;
        assert_eq!(name_beside_the_trail(&world, &lies()).await, ["Lies Moens"]);
        erase(&world, &lies()).await;
        invite(&world, &by_token, "an@zandloper.example", Function::Teacher(id_of(&school))).await;
        assert_eq!(name_beside_the_trail(&world, &lies()).await, [""], "their account still works, and is not kept by name");
        let by_right = texts(&world, &format!("SELECT functions FROM audit_actor WHERE actor = '{}'", lies().actor())).await;
        assert_eq!(by_right, [Function::Director(id_of(&school)).to_string()], "by which right they acted is kept");

        let again = appoint(&world, &director(&school), &lies(), Function::Teacher(id_of(&school))).await;
        assert_eq!(again.name, "Lies Moens");
        assert_eq!(name_beside_the_trail(&world, &lies()).await, ["Lies Moens"]);
        let told = world.events(Topic::Erasure, 2).await;
        assert_eq!(told.iter().map(|envelope| envelope.data.is_some()).collect::<Vec<_>>(), [true, false]);
        assert_eq!(told[1].key, told[0].key);
        world.assert_audit_trail_is_intact().await;
    }
}
