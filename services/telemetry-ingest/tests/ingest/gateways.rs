//! Who is let in.

use std::time::Duration;

use auth::{AUDIENCE_PLATFORM, AUDIENCE_TELEMETRY, Function};
use http::StatusCode;
use prost::Message as _;
use proto::identity::v1::GatewayState;
use schildwacht_telemetry_ingest::Outcome;
use testkit::{eventually, person};

use crate::{
    gate::{Gate, Ground, Mode, WITHIN, config, header, principal},
    in_both_modes,
    sample::request,
    unreliable_log::partition_of,
};

const PROTOBUF: &str = "application/x-protobuf";

async fn status_of(gate: &Gate, token: &str) -> StatusCode {
    gate.post_as(token, "/v1/logs", PROTOBUF, None, request(1).encode_to_vec()).await.status()
}

in_both_modes! {
    async fn a_revoked_gateway_is_refused_although_its_token_was_recognised_before(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let token = gate.token();
        assert_eq!(status_of(&gate, &token).await, StatusCode::OK);
        gate.enrol(gate.gateway, gate.school, GatewayState::Revoked).await;
        let until_refused = async {
            while status_of(&gate, &token).await != StatusCode::FORBIDDEN {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(WITHIN, until_refused).await.expect("the revocation should be effective within seconds");
        assert!(gate.requests(Outcome::GatewayRevoked) >= 1);
    }

    async fn only_tokens_for_telemetry_of_enrolled_gateways_are_good(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let of_the_gateway = principal(gate.gateway);
        let expired = gate.issuer.token_for(&of_the_gateway, AUDIENCE_TELEMETRY, -120);
        let for_another_audience = gate.issuer.token_for(&of_the_gateway, AUDIENCE_PLATFORM, 3_600);
        let of_a_person = gate.issuer.token_for(&person(1, &[Function::Operator]), AUDIENCE_TELEMETRY, 3_600);
        let of_an_unknown_gateway = gate.token_of(gate.ids.next());
        assert_eq!(status_of(&gate, &expired).await, StatusCode::UNAUTHORIZED);
        assert_eq!(status_of(&gate, &for_another_audience).await, StatusCode::UNAUTHORIZED);
        assert_eq!(status_of(&gate, &of_a_person).await, StatusCode::FORBIDDEN);
        assert_eq!(status_of(&gate, &of_an_unknown_gateway).await, StatusCode::FORBIDDEN);
        let counted = [Outcome::Unauthenticated, Outcome::NotAGateway, Outcome::GatewayUnknown].map(|outcome| gate.requests(outcome));
        // While the gate opens, the gateway itself is not known for a moment.
        assert!(counted[0] == 2 && counted[1] == 1 && counted[2] >= 1, "{counted:?}");
        assert!(gate.stored().await.is_empty());
    }

    async fn each_gateway_posts_for_its_own_school(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let (other_gateway, other_school) = (gate.ids.next(), gate.ids.next());
        gate.enrol(other_gateway, other_school, GatewayState::Active).await;
        let other_token = gate.token_of(other_gateway);
        let until_let_in = async {
            while status_of(&gate, &other_token).await != StatusCode::OK {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(WITHIN, until_let_in).await.unwrap();
        assert_eq!(status_of(&gate, &gate.token()).await, StatusCode::OK);
        let stored = gate.stored().await;
        let of_school = |school: String| stored.iter().filter(|record| record.key == school).count();
        assert_eq!((of_school(other_school.to_string()), of_school(gate.school.to_string())), (1, 1));
    }
}

in_both_modes! {
    async fn gateways_of_a_partition_that_is_cut_off_are_told_to_retry_and_others_go_on(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let [here, there] = [0, 1].map(|partition| std::iter::repeat_with(|| gate.ids.next()).find(|id| partition_of(*id) == partition).unwrap());
        let [of_here, of_there] = [here, there].map(|gateway| gate.token_of(gateway));
        for (gateway, token) in [(here, &of_here), (there, &of_there)] {
            gate.enrol(gateway, gate.ids.next(), GatewayState::Active).await;
            eventually("the gateway is let in", async || (status_of(&gate, token).await == StatusCode::OK).then_some(())).await;
        }

        gate.log.set_cut_off(true);
        gate.enrol(there, gate.ids.next(), GatewayState::Revoked).await;
        let told_to_retry = async || {
            let response = gate.post_as(&of_there, "/v1/logs", PROTOBUF, None, request(1).encode_to_vec()).await;
            (response.status() == StatusCode::SERVICE_UNAVAILABLE && header(&response, "retry-after").is_some()).then_some(())
        };
        eventually("a gateway that may have been revoked is told to retry", told_to_retry).await;
        assert!(gate.requests(Outcome::DirectoryStale) >= 1);
        assert_eq!(status_of(&gate, &of_here).await, StatusCode::OK);
        let unknown = gate.token_of(gate.ids.next());
        assert_eq!(status_of(&gate, &unknown).await, StatusCode::SERVICE_UNAVAILABLE, "it may have been enrolled there");
        let readiness = gate.process.health.readiness().await;
        assert!(readiness.ready, "{readiness:?}");

        gate.log.set_cut_off(false);
        let refused = async || (status_of(&gate, &of_there).await == StatusCode::FORBIDDEN).then_some(());
        eventually("the revocation comes", refused).await;
        assert_eq!(status_of(&gate, &unknown).await, StatusCode::FORBIDDEN);
        assert_eq!(status_of(&gate, &of_here).await, StatusCode::OK);
    }
}

in_both_modes! {
    async fn a_log_that_was_unavailable_for_a_moment_is_followed_on_while_no_reader_can_begin_again(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        // As in Kafka while one partition of the topic has no leader.
        gate.log.set_directory_away(true);
        gate.log.set_troubles(2);
        eventually("the log fails", async || (!gate.log.has_troubles()).then_some(())).await;
        let new = gate.ids.next();
        gate.enrol(new, gate.ids.next(), GatewayState::Active).await;
        let token = gate.token_of(new);
        eventually("the gateway is let in", async || (status_of(&gate, &token).await == StatusCode::OK).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn until_the_directory_is_read_everybody_is_told_to_come_back() {
    let ground = Ground::of(Mode::Embedded).await;
    ground.log.set_directory_away(true);
    let gate = Gate::closed_on(ground, config()).await;
    assert!(!gate.process.health.readiness().await.ready);
    let response = gate.post("/v1/logs", PROTOBUF, None, request(1).encode_to_vec()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(header(&response, "retry-after").is_some());
    assert_eq!(gate.requests(Outcome::DirectoryNotReady), 1);
}

in_both_modes! {
    async fn ready_means_that_the_directory_is_read_and_the_log_is_there(mode: Mode) {
        let gate = Gate::open_in(mode, config()).await;
        let readiness = gate.process.health.readiness().await;
        assert!(readiness.ready, "{readiness:?}");
        let names: Vec<&str> = readiness.probes.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["telemetry-ingest.directory", "telemetry-ingest.event_log"]);
    }
}
