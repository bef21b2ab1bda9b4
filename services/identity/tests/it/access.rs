//! Who sees what: who reaches which data of an organisation, why, since when, and when they last did.

use auth::{Function, Principal};
use chrono::TimeDelta;
use proto::{
    history::v1::{HistoryKind, ListHistoryRequest, ListUsesRequest, ListUsesResponse, list_uses_request},
    identity::v1::{
        AcceptInvitationRequest, AccessLevel, CreateContactRequest, CreateInvitationRequest, DataKind, EndAppointmentRequest,
        FunctionAccess, GetAccessRequest, GetAccessResponse, GetOwnAccessRequest, OwnFunction, School, get_access_request::Organisation,
    },
    time::moment,
};
use runtime::BoardId;
use testkit::{on_both_stores, person};
use tonic::{Code, Status};

use crate::world::{World, director, gateway, ict_coordinator, id_of, operator, responder};

fn board_of(school: &School) -> BoardId {
    school.board.as_ref().unwrap().board_id.parse().unwrap()
}

fn of(school: &School) -> GetAccessRequest {
    GetAccessRequest { organisation: Some(Organisation::SchoolId(school.school_id.clone())), for_export: false }
}

async fn ask(world: &World, who: &Principal, request: GetAccessRequest) -> Result<GetAccessResponse, Status> {
    Ok(world.access().get_access(world.by(who, request)).await?.into_inner())
}

async fn uses(world: &World, who: &Principal, school: &School) -> Result<ListUsesResponse, Status> {
    let organisation = Some(list_uses_request::Organisation::SchoolId(school.school_id.clone()));
    Ok(world.history().list_uses(world.by(who, ListUsesRequest { organisation })).await?.into_inner())
}

fn row(answer: &GetAccessResponse, function: Function) -> &FunctionAccess {
    let rows = || answer.functions.iter().map(|row| row.function.as_str()).collect::<Vec<_>>();
    answer.functions.iter().find(|row| row.function == function.to_string()).unwrap_or_else(|| panic!("{function} among {:?}", rows()))
}

fn level(row: &FunctionAccess, data: DataKind) -> Option<AccessLevel> {
    row.reaches.iter().find(|reach| reach.data() == data).map(|reach| reach.level())
}

/// Invited by one, accepted by the other.
async fn appoint(world: &World, by: &Principal, who: &Principal, function: Function) -> (String, String) {
    let invitation = CreateInvitationRequest {
        email: format!("{}@school.example", who.name.to_lowercase().replace(' ', "-")),
        function: function.to_string(),
        ..Default::default()
    };
    world.invitations().create_invitation(world.by(by, invitation)).await.unwrap();
    let accept = AcceptInvitationRequest { token: world.links().await.pop().unwrap() };
    let appointment = world.invitations().accept_invitation(world.by(who, accept)).await.unwrap().into_inner();
    (appointment.appointment_id, appointment.etag)
}

async fn end(world: &World, by: &Principal, (appointment_id, etag): (String, String)) {
    let ask = EndAppointmentRequest { appointment_id, etag, ..Default::default() };
    world.appointments().end_appointment(world.by(by, ask)).await.unwrap();
}

on_both_stores! {
    async fn a_director_sees_which_functions_reach_which_data_and_why(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        let board = board_of(&school);
        world.people.hierarchy().place(id_of(&school), board);
        let answer = ask(&world, &director(&school), of(&school)).await.unwrap();

        let roles: Vec<&str> = answer.functions.iter().map(|row| row.function.split('@').next().unwrap()).collect();
        assert_eq!(
            roles,
            ["director", "ict_coordinator", "teacher", "board_member", "dpo", "responder", "response_lead", "operator", "reviewer"],
            "an editor reaches nothing of a school"
        );
        let coordinator = row(&answer, Function::IctCoordinator(id_of(&school)));
        let reached: Vec<_> = coordinator.reaches.iter().map(|reach| (reach.data(), reach.level())).collect();
        use AccessLevel::{Changes, Sees};
        assert_eq!(reached, [
            (DataKind::Organisation, Sees), (DataKind::People, Sees), (DataKind::Contacts, Changes), (DataKind::Network, Sees),
            (DataKind::Incidents, Sees), (DataKind::Gateways, Changes), (DataKind::History, Sees),
        ]);
        let gateways = coordinator.reaches.iter().find(|reach| reach.data() == DataKind::Gateways).unwrap();
        let policies: Vec<&str> = gateways.reasons.iter().map(|reason| reason.policy.as_str()).collect();
        assert_eq!(policies, ["ICT coordinator: manages the gateways of their school", "team, board member, director and ICT coordinator: see gateways"]);
        assert!(gateways.reasons.iter().all(|reason| !reason.nl.is_empty() && !reason.en.is_empty()), "{gateways:?}");
        assert_eq!(gateways.actions, ["gateway.code", "gateway.enrol", "gateway.read", "gateway.revoke", "gateway.rotate"]);
        let teacher = row(&answer, Function::Teacher(id_of(&school)));
        assert_eq!(teacher.reaches.iter().map(|reach| reach.data()).collect::<Vec<_>>(), [DataKind::Organisation]);

        let intake = answer.services.iter().find(|row| row.service == "incident-intake").unwrap();
        let incidents = intake.reaches.iter().find(|reach| reach.data() == DataKind::Incidents).unwrap();
        assert_eq!((incidents.level(), incidents.reasons[0].policy.as_str()), (AccessLevel::Keeps, "incident-intake: opens cases for every school"));
    }

    async fn those_who_hold_a_function_are_counted_and_where_they_are_few_named(database: TestDatabase) {
        let world = World::start(&database).await;
        let (other, school) = world.with_two_schools().await;
        let (head, teacher) = (director(&school), Function::Teacher(id_of(&school)));
        let long_ago = world.now();
        let first = appoint(&world, &head, &person(51, &[]), teacher).await;
        for number in 52..55 {
            appoint(&world, &head, &person(number, &[]), teacher).await;
        }
        appoint(&world, &director(&other), &person(56, &[]), Function::Teacher(id_of(&other))).await;
        world.clock.advance(TimeDelta::days(40));
        let coordinator = Function::IctCoordinator(id_of(&school));
        appoint(&world, &head, &person(61, &[]), coordinator).await;
        appoint(&world, &head, &person(60, &[]), coordinator).await;

        let answer = ask(&world, &head, of(&school)).await.unwrap();
        let FunctionAccess { people, names, start_time, begun, ended, .. } = row(&answer, teacher).clone();
        assert_eq!((people, names, begun, ended), (4, Vec::new(), 0, 0), "four are too many to name");
        assert_eq!(start_time.and_then(moment), Some(long_ago));
        let coordinators = row(&answer, coordinator);
        assert_eq!((coordinators.people, coordinators.begun, coordinators.ended), (2, 2, 0));
        assert_eq!(coordinators.names, ["Person 60", "Person 61"]);

        end(&world, &head, first).await;
        world.clock.advance(TimeDelta::days(30));
        let answer = ask(&world, &head, of(&school)).await.unwrap();
        assert_eq!((row(&answer, teacher).people, row(&answer, teacher).ended), (3, 1));
        assert_eq!(row(&answer, teacher).names, ["Person 52", "Person 53", "Person 54"]);
        world.clock.advance(TimeDelta::days(2));
        let answer = ask(&world, &head, of(&school)).await.unwrap();
        assert_eq!((row(&answer, teacher).ended, row(&answer, coordinator).begun), (0, 0), "longer than 31 days ago");
    }

    async fn who_holds_a_function_above_is_counted_and_not_named_to_who_may_not_see_them(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        let board = board_of(&school);
        world.people.hierarchy().place(id_of(&school), board);
        appoint(&world, &operator(), &person(70, &[]), Function::BoardMember(board)).await;
        let member = Function::BoardMember(board);
        let answer = ask(&world, &director(&school), of(&school)).await.unwrap();
        assert_eq!((row(&answer, member).people, row(&answer, member).names.len()), (1, 0));
        let answer = ask(&world, &person(71, &[Function::Dpo(board)]), of(&school)).await.unwrap();
        assert_eq!(row(&answer, member).names, ["Person 70"]);
    }

    async fn who_may_see_the_people_of_an_organisation_may_see_who_sees_what(database: TestDatabase) {
        let world = World::start(&database).await;
        let (other, school) = world.with_two_schools().await;
        let board = board_of(&school);
        world.people.hierarchy().place(id_of(&school), board);
        let of_school = gateway(&world.enrol(&operator(), &school).await.gateway.unwrap().gateway_id);
        for for_export in [false, true] {
            let code = async |who: &Principal| {
                let asked = ask(&world, who, GetAccessRequest { for_export, ..of(&school) }).await;
                asked.map_or_else(|refused| refused.code(), |_| Code::Ok)
            };
            for who in [director(&school), ict_coordinator(&school), operator(), person(61, &[Function::BoardMember(board)]), person(62, &[Function::Dpo(board)])] {
                assert_eq!(code(&who).await, Code::Ok, "{:?}", who.functions);
            }
            for who in [responder(), person(63, &[Function::Teacher(id_of(&school))]), person(64, &[Function::Reviewer])] {
                assert_eq!(code(&who).await, Code::PermissionDenied, "{:?}", who.functions);
            }
            for who in [director(&other), person(65, &[]), of_school.clone()] {
                assert_eq!(code(&who).await, Code::NotFound, "{:?}", who.subject);
            }
        }
        let nothing = ask(&world, &operator(), GetAccessRequest::default()).await.unwrap_err();
        assert_eq!(nothing.code(), Code::InvalidArgument);
    }

    async fn a_file_of_who_sees_what_is_on_record_once_an_hour(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        let head = director(&school);
        for _ in 0..2 {
            ask(&world, &head, GetAccessRequest { for_export: true, ..of(&school) }).await.unwrap();
        }
        ask(&world, &head, of(&school)).await.unwrap();
        let exports = ListHistoryRequest { school_id: school.school_id.clone(), kind: HistoryKind::Export.into(), ..Default::default() };
        let found = world.history().list_history(world.by(&head, exports)).await.unwrap().into_inner().entries;
        assert_eq!(found.iter().map(|entry| (entry.actor.clone(), entry.action.as_str())).collect::<Vec<_>>(), [(head.actor(), "access.export")]);

        let of_board = GetAccessRequest { organisation: Some(Organisation::BoardId(board_of(&school).to_string())), for_export: true };
        ask(&world, &operator(), of_board).await.unwrap();
        world.assert_audit_trail_is_intact().await;
    }

    async fn of_a_board_its_own_data_is_told(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        let board = board_of(&school);
        let of_board = GetAccessRequest { organisation: Some(Organisation::BoardId(board.to_string())), for_export: false };
        let answer = ask(&world, &person(62, &[Function::Dpo(board)]), of_board.clone()).await.unwrap();
        let member = row(&answer, Function::BoardMember(board));
        assert_eq!(level(member, DataKind::People), Some(AccessLevel::Changes));
        assert_eq!(level(member, DataKind::Network), None, "what a school has is told of the school");
        assert_eq!(ask(&world, &director(&school), of_board).await.unwrap_err().code(), Code::NotFound);
    }

    async fn when_a_function_was_last_used_is_what_is_on_record(database: TestDatabase) {
        let world = World::start(&database).await;
        let (other, school) = world.with_two_schools().await;
        let head = director(&school);
        let add_contact = async |who: &Principal, school: &School| {
            let request = CreateContactRequest {
                school_id: school.school_id.clone(), name: "Onthaal".to_owned(), phone: "09 374 12 34".to_owned(), ..Default::default()
            };
            world.contacts().create_contact(world.by(who, request)).await.unwrap();
        };
        add_contact(&head, &school).await;
        world.clock.advance(TimeDelta::days(1));
        // Somebody else with the same function, and a colleague elsewhere.
        add_contact(&Principal { functions: head.functions.clone(), ..person(80, &[]) }, &school).await;
        let last = world.now();
        world.clock.advance(TimeDelta::days(1));
        add_contact(&director(&other), &other).await;
        add_contact(&person(81, &[Function::Director(id_of(&other)), Function::IctCoordinator(id_of(&school))]), &school).await;

        let answer = uses(&world, &ict_coordinator(&school), &school).await.unwrap();
        let told = |function: Function| {
            let used = answer.uses.iter().filter(|used| used.function == function.to_string());
            used.map(|used| (used.action.as_str(), moment(used.time.unwrap()).unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(told(Function::Director(id_of(&school))), [("contact.edit", last)]);
        assert_eq!(told(Function::IctCoordinator(id_of(&school))), [("contact.edit", world.now())]);
        assert_eq!(told(Function::Director(id_of(&other))), [], "not of this school");
        assert!(answer.recorded_actions.contains(&"contact.edit".to_owned()) && !answer.recorded_actions.contains(&"contact.read".to_owned()));

        world.clock.advance(TimeDelta::days(364) + TimeDelta::minutes(1));
        let later = uses(&world, &ict_coordinator(&school), &school).await.unwrap();
        let functions: Vec<&str> = later.uses.iter().map(|used| used.function.split('@').next().unwrap()).collect();
        assert_eq!(functions, ["ict_coordinator"], "what is longer than twelve months ago is not looked for");
    }

    async fn who_may_not_see_who_sees_what_is_not_told_when_it_was_used(database: TestDatabase) {
        let world = World::start(&database).await;
        let (other, school) = world.with_two_schools().await;
        let code = async |who: Principal| uses(&world, &who, &school).await.map_or_else(|refused| refused.code(), |_| Code::Ok);
        assert_eq!(code(director(&school)).await, Code::Ok);
        assert_eq!(code(responder()).await, Code::PermissionDenied);
        assert_eq!(code(director(&other)).await, Code::NotFound);
    }

    async fn somebody_sees_what_they_reach_and_who_sees_what_of_them(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        let board = board_of(&school);
        world.people.hierarchy().place(id_of(&school), board);
        let teacher = Function::Teacher(id_of(&school));
        appoint(&world, &director(&school), &person(50, &[]), teacher).await;
        let who = person(50, &[teacher, Function::Pupil]);
        let answer = world.access().get_own_access(world.by(&who, GetOwnAccessRequest {})).await.unwrap().into_inner();
        let [as_teacher, as_pupil] = answer.functions.try_into().unwrap();

        let OwnFunction { function, place_name, start_time, end_time, reaches, viewers } = as_teacher;
        assert_eq!((function, place_name), (teacher.to_string(), school.name.clone()));
        assert_eq!(start_time.and_then(moment), Some(world.now()));
        assert_eq!(end_time.and_then(moment), Some(world.now() + TimeDelta::days(365)));
        assert_eq!(reaches.iter().map(|reach| (reach.data(), reach.level())).collect::<Vec<_>>(), [(DataKind::Organisation, AccessLevel::Sees)]);
        let seeing = |data: DataKind| {
            let seeing = viewers.iter().filter(move |viewer| viewer.data() == data);
            seeing.map(|viewer| viewer.function.split('@').next().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(seeing(DataKind::People), ["director", "ict_coordinator", "board_member", "dpo", "operator"]);
        assert_eq!(seeing(DataKind::History), ["director", "ict_coordinator", "board_member", "dpo", "responder", "response_lead"]);
        assert!(viewers.iter().all(|viewer| !viewer.reasons.is_empty()), "{viewers:?}");
        assert_eq!((as_pupil.function.as_str(), as_pupil.reaches.len(), as_pupil.viewers.len()), ("pupil", 0, 0));

        let service = world.access().get_own_access(world.by(&Principal::service("cli"), GetOwnAccessRequest {})).await.unwrap_err();
        assert_eq!(service.code(), Code::NotFound);
    }
}
