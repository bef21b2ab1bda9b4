//! Codes by which a gateway's machine gets its secret: once, within a day, and nothing else.

use auth::Principal;
use chrono::TimeDelta;
use proto::identity::v1::{
    EnrolGatewayRequest, EnrolGatewayResponse, Gateway, GetGatewayRequest, IssueGatewayCodeRequest, IssueGatewayCodeResponse,
    RevokeGatewayRequest, RotateGatewaySecretRequest, School,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::{eventually, on_both_stores, security_lines};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{World, ict_coordinator, operator};

impl World {
    /// A gateway that waits for its machine, and the code of that.
    async fn enrol_with_code(&self, who: &Principal, school: &School) -> (Gateway, String) {
        let EnrolGatewayResponse { gateway, client_secret, code } = self.try_to_enrol_with_code(who, school).await.unwrap();
        assert_eq!(client_secret, "", "nobody is told the secret");
        (gateway.unwrap(), code)
    }

    async fn try_to_enrol_with_code(&self, who: &Principal, school: &School) -> Result<EnrolGatewayResponse, Status> {
        let school_id = school.school_id.clone();
        let request = EnrolGatewayRequest { school_id, name: "kelder".to_owned(), with_code: true, ..Default::default() };
        self.gateways().enrol_gateway(self.by(who, request)).await.map(tonic::Response::into_inner)
    }

    async fn issue_code(&self, who: &Principal, gateway: &Gateway) -> Result<(Gateway, String), Status> {
        let request = IssueGatewayCodeRequest { gateway_id: gateway.gateway_id.clone(), etag: gateway.etag.clone() };
        let answer = self.gateways().issue_gateway_code(self.by(who, request)).await?;
        let IssueGatewayCodeResponse { gateway, code } = answer.into_inner();
        Ok((gateway.unwrap(), code))
    }

    /// What the machine at the school does: it has the code, and no token.
    async fn redeem(&self, code: &str) -> (StatusCode, Value) {
        let answer = self.http.post(format!("{}/gateways/enrol", self.url)).form(&[("code", code)]).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        (answer.status(), answer.json().await.unwrap())
    }

    /// The secret that a code gives.
    async fn secret_for(&self, code: &str) -> String {
        let (status, answer) = self.redeem(code).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["client_secret"].as_str().unwrap().to_owned()
    }

    async fn assert_gives_nothing(&self, code: &str) {
        let (status, answer) = self.redeem(code).await;
        let title = "this code is not known, was used, or is more than 24 hours old; ask the school for a new one";
        assert_eq!(answer, json!({ "type": "about:blank", "title": title, "status": 404, "reason": "code_not_good" }));
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    async fn revoke(&self, gateway: &Gateway) {
        let (gateway_id, etag) = (gateway.gateway_id.clone(), gateway.etag.clone());
        let request = RevokeGatewayRequest { gateway_id, reason: "gestolen".to_owned(), etag };
        self.gateways().revoke_gateway(self.by(&operator(), request)).await.unwrap();
    }
}

/// Of many lines at once some are left out, so it is done until one is written.
async fn on_record(event: &str, reason: &str, resource: &str, act: impl AsyncFn()) {
    let is_written = async || {
        security_lines(event);
        act().await;
        let lines = security_lines(event);
        lines.iter().any(|line| line.reason == reason && line.resource == resource && line.action == "gateway.redeem").then_some(())
    };
    eventually(event, is_written).await;
}

on_both_stores! {
    async fn a_code_gives_a_machine_all_it_needs_to_post(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let (gateway, code) = world.enrol_with_code(&ict_coordinator(&zandloper), &zandloper).await;
        assert!(gateway.code_expire_time.is_some());

        let (status, answer) = world.redeem(&code).await;

        let secret = answer["client_secret"].as_str().unwrap_or_default().to_owned();
        let expected = json!({
            "gateway_id": gateway.gateway_id, "client_id": gateway.client_id, "client_secret": secret,
            "token_url": format!("{}/token", world.issuer()), "endpoint": "https://ingest.schildwacht.example",
        });
        assert_eq!((status, answer), (StatusCode::OK, expected));
        world.token_of_client(&gateway.client_id, &secret).await.unwrap();
        let get = GetGatewayRequest { gateway_id: gateway.gateway_id };
        let kept = world.gateways().get_gateway(world.by(&operator(), get)).await.unwrap().into_inner();
        assert_eq!(kept.code_expire_time, None, "no code waits any more");
        world.assert_audit_trail_is_intact().await;
    }

    async fn a_code_gives_a_file_that_shells_read(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let (gateway, code) = world.enrol_with_code(&operator(), &zandloper).await;
        let address = format!("{}/gateways/enrol?format=env", world.url);
        let file = world.http.post(address).form(&[("code", code)]).send().await.unwrap().text().await.unwrap();

        let secret = file.lines().find_map(|line| line.strip_prefix("SCHILDWACHT_CLIENT_SECRET=")).unwrap();
        world.token_of_client(&gateway.client_id, secret).await.unwrap();
        let expected = format!(
            "SCHILDWACHT_CLIENT_ID={}\nSCHILDWACHT_CLIENT_SECRET={secret}\nSCHILDWACHT_TOKEN_URL={}/token\nSCHILDWACHT_ENDPOINT=https://ingest.schildwacht.example\n",
            gateway.client_id, world.issuer()
        );
        assert_eq!(file, expected);
    }

    async fn a_code_is_good_once_also_when_it_is_used_many_times_at_once(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let (gateway, code) = world.enrol_with_code(&operator(), &zandloper).await;

        let answers = futures::future::join_all((0..8).map(|_| world.redeem(&code))).await;

        let given: Vec<_> = answers.iter().filter(|(status, _)| *status == StatusCode::OK).collect();
        assert_eq!((given.len(), answers.iter().filter(|(status, _)| *status == StatusCode::NOT_FOUND).count()), (1, 7), "{answers:?}");
        world.token_of_client(&gateway.client_id, given[0].1["client_secret"].as_str().unwrap()).await.unwrap();
        world.assert_gives_nothing(&code).await;
        world.assert_audit_trail_is_intact().await;
    }

    async fn an_old_code_and_one_that_never_was_get_the_same_answer_and_are_on_record(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let (_, in_time) = world.enrol_with_code(&operator(), &zandloper).await;
        let (_, too_late) = world.enrol_with_code(&operator(), &zandloper).await;
        world.clock.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
        world.secret_for(&in_time).await;
        world.clock.advance(TimeDelta::seconds(1));
        // So slowly that it is never too often.
        let nothing_for = async |code: &str| {
            world.clock.advance(TimeDelta::minutes(1));
            world.assert_gives_nothing(code).await;
        };
        let school = format!("school:{}", zandloper.school_id);
        on_record("gateway_code_refused", "expired", &school, async || nothing_for(&too_late).await).await;
        let unknown = "00000000-00000000-00000000-00000000";
        on_record("gateway_code_refused", "unknown", "platform", async || nothing_for(unknown).await).await;
    }

    async fn a_code_is_of_no_use_after_another_another_secret_and_the_end_of_its_gateway(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let by = ict_coordinator(&zandloper);
        let (replaced, first) = world.enrol_with_code(&by, &zandloper).await;
        let (_, second) = world.issue_code(&by, &replaced).await.unwrap();
        let (rotated, of_rotated) = world.enrol_with_code(&by, &zandloper).await;
        let rotate = RotateGatewaySecretRequest { gateway_id: rotated.gateway_id, etag: rotated.etag };
        world.gateways().rotate_gateway_secret(world.by(&by, rotate)).await.unwrap();
        let (revoked, of_revoked) = world.enrol_with_code(&by, &zandloper).await;
        world.revoke(&revoked).await;

        for code in [&first, &of_rotated, &of_revoked] {
            world.assert_gives_nothing(code).await;
        }
        world.secret_for(&second).await;
    }

    async fn the_secret_of_now_is_good_until_the_code_is_used(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let enrolled = world.enrol(&operator(), &zandloper).await;
        let (gateway, old) = (enrolled.gateway.unwrap(), enrolled.client_secret);
        let (gateway, code) = world.issue_code(&operator(), &gateway).await.unwrap();
        world.token_of_client(&gateway.client_id, &old).await.unwrap();

        let new = world.secret_for(&code).await;

        assert_eq!(world.token_of_client(&gateway.client_id, &old).await, Err("invalid_client".to_owned()));
        world.token_of_client(&gateway.client_id, &new).await.unwrap();
    }

    async fn a_code_of_one_school_is_given_by_those_of_that_school_and_sets_up_its_gateway_alone(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let (gateway, code) = world.enrol_with_code(&ict_coordinator(&zandloper), &zandloper).await;
        let enrolled = world.enrol(&ict_coordinator(&vuurvogel), &vuurvogel).await;
        let elsewhere = world.issue_code(&ict_coordinator(&vuurvogel), &gateway).await.unwrap_err();
        assert_eq!(elsewhere.code(), Code::NotFound);
        let elsewhere = world.try_to_enrol_with_code(&ict_coordinator(&vuurvogel), &zandloper).await.unwrap_err();
        assert_eq!(elsewhere.code(), Code::NotFound);

        let secret = world.secret_for(&code).await;

        let other = enrolled.gateway.unwrap().client_id;
        assert_eq!(world.token_of_client(&other, &secret).await, Err("invalid_client".to_owned()));
        world.token_of_client(&other, &enrolled.client_secret).await.unwrap();
    }

    async fn what_is_done_with_a_code_is_in_the_schools_own_chain(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let coordinator = ict_coordinator(&zandloper);
        let (gateway, _) = world.enrol_with_code(&coordinator, &zandloper).await;
        let (gateway, code) = world.issue_code(&coordinator, &gateway).await.unwrap();
        let nothing_of_it = async |code: &str| {
            world.redeem(code).await;
        };
        nothing_of_it("00000000-00000000-00000000-00000000").await;
        world.secret_for(&code).await;
        nothing_of_it(&code).await;

        let by = |who: &str, action: &str| (who.to_owned(), action.to_owned());
        let expected = [
            by(&operator().actor(), "organisation.import"),
            by(&coordinator.actor(), "gateway.enrol"),
            by(&coordinator.actor(), "gateway.code"),
            by("service:identity", "gateway.redeem"),
        ];
        assert_eq!(world.acts_at(&zandloper).await, expected);
        assert_eq!(world.acts_at(&vuurvogel).await, expected[..1]);
        let redeemed = security_lines("gateway_code_redeemed").into_iter().find(|line| line.actor == format!("gateway:{}", gateway.gateway_id));
        assert_eq!(redeemed.map(|line| line.resource), Some(format!("school:{}", zandloper.school_id)));
        world.assert_audit_trail_is_intact().await;
    }

    async fn a_school_has_few_codes_at_once_until_they_are_used_or_old(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let (first, _) = world.enrol_with_code(&operator(), &zandloper).await;
        for _ in 1..5 {
            world.enrol_with_code(&operator(), &zandloper).await;
        }
        let refused = async || {
            let refused = world.try_to_enrol_with_code(&operator(), &zandloper).await.unwrap_err();
            assert_eq!(refused.get_error_details().error_info().unwrap().reason, "too_many_codes");
        };
        refused().await;
        let (first, code) = world.issue_code(&operator(), &first).await.expect("it takes the place of the one before");
        refused().await;
        world.enrol_with_code(&operator(), &vuurvogel).await;

        world.secret_for(&code).await;
        let (sixth, _) = world.enrol_with_code(&operator(), &zandloper).await;
        let get = GetGatewayRequest { gateway_id: first.gateway_id };
        let first = world.gateways().get_gateway(world.by(&operator(), get)).await.unwrap().into_inner();
        let refused = world.issue_code(&operator(), &first).await.unwrap_err();
        assert_eq!(refused.get_error_details().error_info().unwrap().reason, "too_many_codes");
        world.revoke(&sixth).await;
        world.issue_code(&operator(), &first).await.unwrap();
        world.clock.advance(TimeDelta::hours(24));
        world.enrol_with_code(&operator(), &zandloper).await;
    }

    async fn a_request_that_came_before_hands_over_nothing(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let request = EnrolGatewayRequest {
            school_id: zandloper.school_id.clone(),
            name: "kelder".into(),
            request_id: "0199c0de-0000-7000-8000-00000000abcd".into(),
            with_code: true,
            ..Default::default()
        };
        let enrol = async || world.gateways().enrol_gateway(world.by(&operator(), request.clone())).await.unwrap().into_inner();
        let (first, again) = (enrol().await, enrol().await);
        assert_eq!(first.gateway, again.gateway);
        assert_eq!((again.client_secret.as_str(), again.code.as_str()), ("", ""));
        world.secret_for(&first.code).await;
    }

    async fn an_address_tries_codes_only_so_often(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let (_, code) = world.enrol_with_code(&operator(), &zandloper).await;
        // The clock stands still: 50 wrong ones at once of all together, then the rest of 60 of this address.
        let try_one = async || world.redeem("00000000-00000000-00000000-00000000").await.0;
        for _ in 0..50 {
            assert_eq!(try_one().await, StatusCode::NOT_FOUND);
        }
        assert_eq!(try_one().await, StatusCode::TOO_MANY_REQUESTS, "of all together");
        let (_, other) = world.enrol_with_code(&operator(), &zandloper).await;
        world.secret_for(&other).await;
        world.clock.advance(TimeDelta::seconds(1));
        for _ in 0..8 {
            assert_eq!(try_one().await, StatusCode::NOT_FOUND);
        }
        let refused = async || {
            let (status, answer) = world.redeem(&code).await;
            assert_eq!((status, &answer["reason"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited")), "also with a good one");
        };
        on_record("gateway_code_refused", "rate_limited", "platform", refused).await;
        world.clock.advance(TimeDelta::seconds(10));
        world.secret_for(&code).await;
    }

    async fn what_is_no_code_is_refused_plainly(database: TestDatabase) {
        let world = World::start(&database).await;
        let address = format!("{}/gateways/enrol", world.url);
        let post = |form: &[(&str, &str)]| world.http.post(&address).form(form).send();
        for answer in [post(&[]).await, post(&[("code", &"0".repeat(2_000))]).await, world.http.post(&address).body("code").send().await] {
            let answer = answer.unwrap();
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
            assert!(answer.text().await.unwrap().contains("send a form with the code: code=…"));
        }
    }
}
