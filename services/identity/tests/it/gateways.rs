//! Gateways: who may do what with them, and what it leads to.

use auth::{AUDIENCE_PLATFORM, AUDIENCE_TELEMETRY, Principal, Subject};
use events::Topic;
use proto::identity::v1::{
    EnrolGatewayRequest, GatewayDirectoryEntry, GatewayState, GetGatewayRequest, ListGatewaysRequest, RevokeGatewayRequest,
    RotateGatewaySecretRequest, School,
};
use testkit::on_both_stores;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{World, director, gateway, ict_coordinator, operator, responder};

on_both_stores! {
    async fn an_enrolled_gateway_gets_a_token_to_post_with_and_for_nothing_else(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let enrolled = world.enrol(&ict_coordinator(&zandloper), &zandloper).await;
        let gateway = enrolled.gateway.unwrap();

        let token = world.token_of_client(&gateway.client_id, &enrolled.client_secret).await.unwrap();

        let verified = world.verifier(AUDIENCE_TELEMETRY).verify(&token).await.unwrap();
        assert_eq!(verified.principal.subject, Subject::Gateway(gateway.gateway_id.parse().unwrap()));
        assert!(world.verifier(AUDIENCE_PLATFORM).verify(&token).await.is_err());
    }

    async fn a_revoked_gateway_gets_no_token_and_cannot_come_back(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let enrolled = world.enrol(&operator(), &zandloper).await;
        let gateway = enrolled.gateway.unwrap();

        let revoke = RevokeGatewayRequest { gateway_id: gateway.gateway_id.clone(), reason: "gestolen".into(), etag: gateway.etag.clone() };
        let revoked = world.gateways().revoke_gateway(world.by(&operator(), revoke.clone())).await.unwrap().into_inner();

        assert_eq!(revoked.state(), GatewayState::Revoked);
        assert_eq!(revoked.revoke_reason, "gestolen");
        assert_eq!(world.token_of_client(&gateway.client_id, &enrolled.client_secret).await, Err("invalid_client".to_owned()));
        let rotate = RotateGatewaySecretRequest { gateway_id: gateway.gateway_id.clone(), etag: revoked.etag.clone() };
        let again = world.gateways().rotate_gateway_secret(world.by(&operator(), rotate)).await.unwrap_err();
        assert_eq!(again.code(), Code::FailedPrecondition);
        let again = world.gateways().revoke_gateway(world.by(&operator(), RevokeGatewayRequest { etag: revoked.etag, ..revoke })).await.unwrap_err();
        assert_eq!(again.get_error_details().error_info().unwrap().reason, "gateway_revoked");
    }

    async fn a_new_secret_replaces_the_old_one(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let enrolled = world.enrol(&operator(), &zandloper).await;
        let gateway = enrolled.gateway.unwrap();

        let rotate = RotateGatewaySecretRequest { gateway_id: gateway.gateway_id.clone(), etag: gateway.etag };
        let rotated = world.gateways().rotate_gateway_secret(world.by(&ict_coordinator(&zandloper), rotate)).await.unwrap().into_inner();

        assert_eq!(world.token_of_client(&gateway.client_id, &enrolled.client_secret).await, Err("invalid_client".to_owned()));
        assert!(world.token_of_client(&gateway.client_id, &rotated.client_secret).await.is_ok());
        world.assert_audit_trail_is_intact().await;
    }

    async fn the_same_request_again_gives_the_same_gateway_and_no_second_secret(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let request = EnrolGatewayRequest {
            school_id: zandloper.school_id.clone(),
            name: "kelder".into(),
            request_id: "0199c0de-0000-7000-8000-00000000abcd".into(),
            ..Default::default()
        };
        let enrol = async |request: &EnrolGatewayRequest, who: &Principal| {
            let answer = world.gateways().enrol_gateway(world.by(who, request.clone())).await;
            answer.map(|answer| answer.into_inner())
        };

        let first = enrol(&request, &operator()).await.unwrap();
        let again = enrol(&request, &operator()).await.unwrap();
        assert_eq!(again.gateway, first.gateway);
        assert!(again.client_secret.is_empty() && !first.client_secret.is_empty());

        let elsewhere = EnrolGatewayRequest { school_id: vuurvogel.school_id.clone(), ..request.clone() };
        assert_eq!(enrol(&elsewhere, &operator()).await.unwrap_err().code(), Code::FailedPrecondition);
        let anothers = enrol(&request, &ict_coordinator(&zandloper)).await.unwrap();
        assert_ne!(anothers.gateway, first.gateway, "a request id is the caller's own");
    }

    async fn the_same_request_many_times_at_once_makes_one_gateway(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let request = EnrolGatewayRequest {
            school_id: zandloper.school_id.clone(),
            name: "kelder".into(),
            request_id: "0199c0de-0000-7000-8000-00000000abcd".into(),
            ..Default::default()
        };
        let attempts = (0..8).map(|_| async {
            world.gateways().enrol_gateway(world.by(&operator(), request.clone())).await.unwrap().into_inner()
        });
        let answers = futures::future::join_all(attempts).await;
        assert!(answers.iter().all(|answer| answer.gateway == answers[0].gateway));
        assert_eq!(answers.iter().filter(|answer| !answer.client_secret.is_empty()).count(), 1);
    }

    async fn a_school_has_so_many_gateways_and_no_more(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let request = |school: &School| EnrolGatewayRequest { school_id: school.school_id.clone(), name: "kelder".into(), ..Default::default() };
        let enrol = async |school: &School| world.gateways().enrol_gateway(world.by(&operator(), request(school))).await;
        let reason = |refused: &Status| refused.get_error_details().error_info().unwrap().reason.clone();
        // Of many lines at once some are left out, so it is refused until one is written.
        let on_record = async |bound: &str| {
            let resource = format!("school:{}", zandloper.school_id);
            let is_written = async || {
                testkit::security_lines("bound_reached");
                assert_eq!(reason(&enrol(&zandloper).await.unwrap_err()), bound);
                let lines = testkit::security_lines("bound_reached");
                lines.iter().any(|line| line.resource == resource && line.reason == bound && line.action == "gateway.enrol").then_some(())
            };
            testkit::eventually(bound, is_written).await;
        };
        let bounds = crate::world::BOUNDS;

        // At once, so that the last place is not given twice.
        let asked = 2 * bounds.gateways_of_a_school as usize;
        let answers = futures::future::join_all((0..asked).map(|_| enrol(&zandloper))).await;
        let (enrolled, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(enrolled.len() as u64, bounds.gateways_of_a_school);
        for refused in refused.iter().map(|answer| answer.as_ref().unwrap_err()) {
            assert_eq!((refused.code(), reason(refused).as_str()), (Code::FailedPrecondition, "too_many_gateways"));
        }
        on_record("too_many_gateways").await;
        assert!(enrol(&vuurvogel).await.is_ok(), "another school has its own");

        // Revoked ones make room, until there were too many within a day.
        let mut enrolled: Vec<_> = enrolled.into_iter().map(|answer| answer.unwrap().into_inner().gateway.unwrap()).collect();
        for number in bounds.gateways_of_a_school..bounds.enrolments_of_a_school_per_day {
            let oldest = enrolled.remove(0);
            let revoke = RevokeGatewayRequest { gateway_id: oldest.gateway_id, reason: "x".into(), etag: oldest.etag };
            world.gateways().revoke_gateway(world.by(&operator(), revoke)).await.unwrap();
            enrolled.push(enrol(&zandloper).await.unwrap_or_else(|refused| panic!("{number}: {refused}")).into_inner().gateway.unwrap());
        }
        let oldest = enrolled.remove(0);
        let revoke = RevokeGatewayRequest { gateway_id: oldest.gateway_id, reason: "x".into(), etag: oldest.etag };
        world.gateways().revoke_gateway(world.by(&operator(), revoke)).await.unwrap();
        let refused = enrol(&zandloper).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "too_many_enrolments"));
        on_record("too_many_enrolments").await;
        world.clock.advance(chrono::TimeDelta::hours(25));
        assert!(enrol(&zandloper).await.is_ok());
        world.assert_audit_trail_is_intact().await;
    }

    async fn a_change_to_what_was_not_seen_is_refused(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let gateway = world.enrol(&operator(), &zandloper).await.gateway.unwrap();
        let rotate = RotateGatewaySecretRequest { gateway_id: gateway.gateway_id.clone(), etag: gateway.etag.clone() };
        world.gateways().rotate_gateway_secret(world.by(&operator(), rotate.clone())).await.unwrap();

        let refused = world.gateways().rotate_gateway_secret(world.by(&operator(), rotate)).await.unwrap_err();

        assert_eq!((refused.code(), refused.get_error_details().error_info().unwrap().reason.as_str()), (Code::Aborted, "etag_changed"));
    }

    async fn who_may_do_what_with_a_gateway(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let kept = world.enrol(&operator(), &zandloper).await.gateway.unwrap();
        let id = &kept.gateway_id;
        let stranger = testkit::person(9, &[]);

        // Get, enrol, rotate, revoke; `Ok` is left out of the last three so that nothing changes.
        let expected = [
            ("director", director(&zandloper), Code::Ok, Code::PermissionDenied),
            ("responder", responder(), Code::Ok, Code::PermissionDenied),
            ("director elsewhere", director(&vuurvogel), Code::NotFound, Code::PermissionDenied),
            ("ICT coordinator elsewhere", ict_coordinator(&vuurvogel), Code::NotFound, Code::NotFound),
            ("nobody in particular", stranger, Code::PermissionDenied, Code::PermissionDenied),
            ("the gateway itself", gateway(id), Code::PermissionDenied, Code::PermissionDenied),
        ];
        for (who, principal, reading, changing) in expected {
            let get = world.gateways().get_gateway(world.by(&principal, GetGatewayRequest { gateway_id: id.clone() })).await;
            assert_eq!(get.map_or_else(|status| status.code(), |_| Code::Ok), reading, "{who} reads");
            let rotate = RotateGatewaySecretRequest { gateway_id: id.clone(), etag: kept.etag.clone() };
            let refused = world.gateways().rotate_gateway_secret(world.by(&principal, rotate)).await.unwrap_err();
            assert_eq!(refused.code(), changing, "{who} rotates");
            let revoke = RevokeGatewayRequest { gateway_id: id.clone(), reason: "x".into(), etag: kept.etag.clone() };
            let refused = world.gateways().revoke_gateway(world.by(&principal, revoke)).await.unwrap_err();
            assert_eq!(refused.code(), changing, "{who} revokes");
            let enrol = EnrolGatewayRequest { school_id: zandloper.school_id.clone(), name: "x".into(), ..Default::default() };
            let refused = world.gateways().enrol_gateway(world.by(&principal, enrol)).await.unwrap_err();
            let knows_the_school = reading == Code::Ok;
            assert_eq!(refused.code(), if knows_the_school { Code::PermissionDenied } else { Code::NotFound }, "{who} enrols");
        }
        let unchanged = world.gateways().get_gateway(world.by(&operator(), GetGatewayRequest { gateway_id: id.clone() })).await;
        assert_eq!(unchanged.unwrap().into_inner(), kept);
    }

    async fn nobody_without_a_token_gets_in(database: TestDatabase) {
        let world = World::start(&database).await;
        let refused = world.gateways().list_gateways(ListGatewaysRequest::default()).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
    }

    async fn a_list_holds_what_the_caller_may_see_page_by_page(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        world.enrol(&operator(), &vuurvogel).await;
        for _ in 0..3 {
            world.enrol(&operator(), &zandloper).await;
        }
        let list = async |who: &Principal, request: ListGatewaysRequest| world.gateways().list_gateways(world.by(who, request)).await.unwrap().into_inner();

        assert_eq!(list(&operator(), ListGatewaysRequest::default()).await.gateways.len(), 4);
        let own = list(&director(&zandloper), ListGatewaysRequest::default()).await.gateways;
        assert!(own.len() == 3 && own.iter().all(|gateway| gateway.school_id == zandloper.school_id));

        let first = list(&director(&zandloper), ListGatewaysRequest { page_size: 2, ..Default::default() }).await;
        let rest = ListGatewaysRequest { page_size: 2, page_token: first.next_page_token.clone(), ..Default::default() };
        let second = list(&director(&zandloper), rest).await;
        assert_eq!([first.gateways, second.gateways].concat(), own);
        assert_eq!(second.next_page_token, "");

        let revoke = RevokeGatewayRequest { gateway_id: own[0].gateway_id.clone(), reason: "x".into(), etag: own[0].etag.clone() };
        world.gateways().revoke_gateway(world.by(&operator(), revoke)).await.unwrap();
        assert_eq!(list(&director(&zandloper), ListGatewaysRequest::default()).await.gateways.len(), 2);
        let with_revoked = ListGatewaysRequest { include_revoked: true, ..Default::default() };
        assert_eq!(list(&director(&zandloper), with_revoked).await.gateways.len(), 3);
        let elsewhere = ListGatewaysRequest { school_id: vuurvogel.school_id.clone(), ..Default::default() };
        let refused = world.gateways().list_gateways(world.by(&director(&zandloper), elsewhere)).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }

    async fn a_change_to_nothing_in_particular_is_refused(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let gateway = world.enrol(&operator(), &zandloper).await.gateway.unwrap();
        let violated = |refused: Status| refused.get_error_details().bad_request().unwrap().field_violations[0].field.clone();

        let rotate = RotateGatewaySecretRequest { gateway_id: gateway.gateway_id.clone(), etag: String::new() };
        assert_eq!(violated(world.gateways().rotate_gateway_secret(world.by(&operator(), rotate)).await.unwrap_err()), "etag");
        let revoke = RevokeGatewayRequest { gateway_id: gateway.gateway_id, reason: "x".into(), etag: String::new() };
        assert_eq!(violated(world.gateways().revoke_gateway(world.by(&operator(), revoke)).await.unwrap_err()), "etag");
    }

    async fn every_wrong_field_is_named(database: TestDatabase) {
        let world = World::start(&database).await;
        let request = EnrolGatewayRequest { school_id: "De Zandloper".into(), site_id: "1".into(), name: " ".into(), request_id: "x".into(), ..Default::default() };
        let refused = world.gateways().enrol_gateway(world.by(&operator(), request)).await.unwrap_err();
        let details = refused.get_error_details();
        let fields: Vec<_> = details.bad_request().unwrap().field_violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!((refused.code(), fields), (Code::InvalidArgument, vec!["school_id", "site_id", "name", "request_id"]));
    }

    async fn a_gateway_stands_at_a_site_of_its_own_school(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let at = |site: &str| EnrolGatewayRequest { school_id: zandloper.school_id.clone(), site_id: site.into(), name: "x".into(), ..Default::default() };
        let own = world.gateways().enrol_gateway(world.by(&operator(), at(&zandloper.sites[1].site_id))).await.unwrap().into_inner();
        assert_eq!(own.gateway.unwrap().site_id, zandloper.sites[1].site_id);
        let refused = world.gateways().enrol_gateway(world.by(&operator(), at(&vuurvogel.sites[0].site_id))).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }

    async fn every_change_leaves_a_row_in_the_schools_own_chain(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let coordinator = ict_coordinator(&zandloper);
        let gateway = world.enrol(&coordinator, &zandloper).await.gateway.unwrap();
        let rotate = RotateGatewaySecretRequest { gateway_id: gateway.gateway_id, etag: gateway.etag };
        let rotated = world.gateways().rotate_gateway_secret(world.by(&coordinator, rotate)).await.unwrap().into_inner();
        let gateway = rotated.gateway.unwrap();
        let revoke = RevokeGatewayRequest { gateway_id: gateway.gateway_id, reason: "x".into(), etag: gateway.etag };
        world.gateways().revoke_gateway(world.by(&operator(), revoke.clone())).await.unwrap();
        world.gateways().revoke_gateway(world.by(&operator(), revoke)).await.unwrap_err();

        let by = |who: &Principal, action: &str| (who.actor(), action.to_owned());
        let expected = [
            by(&operator(), "organisation.import"),
            by(&coordinator, "gateway.enrol"),
            by(&coordinator, "gateway.rotate"),
            by(&operator(), "gateway.revoke"),
        ];
        assert_eq!(world.acts_at(&zandloper).await, expected);
        assert_eq!(world.acts_at(&vuurvogel).await, expected[..1]);
        world.assert_audit_trail_is_intact().await;
    }

    async fn the_directory_hears_of_enrolment_and_revocation(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let gateway = world.enrol(&operator(), &zandloper).await.gateway.unwrap();
        let revoke = RevokeGatewayRequest { gateway_id: gateway.gateway_id.clone(), reason: "x".into(), etag: gateway.etag.clone() };
        world.gateways().revoke_gateway(world.by(&operator(), revoke)).await.unwrap();

        let heard = world.events(Topic::Gateway, 2).await;

        let entries: Vec<GatewayDirectoryEntry> = heard.iter().map(|event| event.decode().unwrap()).collect();
        assert!(heard.iter().all(|event| event.key == gateway.gateway_id.as_bytes()));
        assert!(entries.iter().all(|entry| entry.school_id == zandloper.school_id));
        assert_eq!(entries.iter().map(GatewayDirectoryEntry::state).collect::<Vec<_>>(), [GatewayState::Active, GatewayState::Revoked]);
        world.assert_audit_trail_is_intact().await;
    }
}
