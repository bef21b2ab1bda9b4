//! Who may do and see what, in the running product.

use proto::incident_intake::v1::{AssignCaseRequest, GetCaseRequest};
use testkit::eventually;
use tonic::Code;

use crate::{eve, people::Person, town::ZANDLOPER};

crate::in_both_columns! {
    async fn a_revoked_gateway_is_refused_within_seconds(town: Arc<Town>) {
        let school = town.school("990107").await;
        let other = town.school("990107").await;
        let sensor = town.sensor(&school).await;
        let event = eve::odd_traffic(eve::just_now(), 2_200_107, "10.20.4.37");
        assert_eq!(sensor.post(std::slice::from_ref(&event)).await, Ok(()));

        let said = town.operate(&["gateways", "revoke", &school.gateway.id, "--reason", "stolen from the cellar"]).await.ok();
        assert!(said.contains("may not post any more"), "{said}");

        // Its token has not expired.
        let refusal = eventually("a refusal", async || sensor.post(std::slice::from_ref(&event)).await.err()).await;
        assert_eq!(refusal, 403);
        let otlp = sensor.at(town.site.otlp_http_url("/v1/events"));
        let refusal = eventually("a refusal on every port", async || otlp.post(std::slice::from_ref(&event)).await.err()).await;
        assert_eq!(refusal, 403);
        let refusal = town.machine_token(&school.gateway.client_id, &school.gateway.secret).await.unwrap_err();
        assert_eq!(refusal, "invalid_client", "and no new token for it");
        assert_eq!(town.sensor(&other).await.post(&[]).await, Ok(()), "the school's other gateway posts on");
    }

    async fn a_revoked_gateway_is_told_at_once_when_it_sends_a_file(town: Arc<Town>) {
        let school = town.school("990107").await;
        town.operate(&["gateways", "revoke", &school.gateway.id, "--reason", "replaced"]).await.ok();
        let file = town.site.file("late.json", eve::odd_traffic(eve::just_now(), 2_200_108, "10.20.4.37").to_string());
        let (outcome, summary) = crate::road::send(&town, &school, &file, &[]).await;
        assert_eq!(outcome.code, Some(1));
        assert_eq!((&summary["not_delivered"], &summary["retries"]), (&1.into(), &0.into()), "{summary}");
        assert!(summary["reasons"].to_string().contains("invalid_client"), "{summary}");
    }

    async fn a_gateway_with_a_new_secret_posts_and_with_the_old_one_does_not(town: Arc<Town>) {
        let school = town.school("990107").await;
        let said = town.operate(&["gateways", "rotate", &school.gateway.id]).await.ok();
        let secret = said.lines().find_map(|line| line.strip_prefix("client secret  ")).unwrap();
        assert!(said.contains(&format!("token url      {}\n", town.token_url())), "{said}");
        assert!(town.machine_token(&school.gateway.client_id, &school.gateway.secret).await.is_err());
        assert!(town.machine_token(&school.gateway.client_id, secret).await.is_ok());
    }

    async fn a_school_sees_itself_and_does_not_learn_of_others(town: Arc<Town>) {
        let (own, other) = (town.school(ZANDLOPER).await, town.school("990108").await);
        let at = eve::just_now();
        for (number, school) in [(1, &own), (2, &other)] {
            let ip = format!("10.20.9.{number}");
            let lease = eve::lease(at, &format!("02:00:00:00:09:0{number}"), &ip, "laptop");
            town.post(school, &[lease, eve::contact_with_malware(at, 2_000_900, &ip)]).await;
        }
        let noor = town.sign_in("noor").await;
        let case_of = async |school: &str| eventually("a case", async || noor.cases_of(school).await.unwrap().into_iter().next()).await;
        let (own_case, other_case) = (case_of(&own.id).await, case_of(&other.id).await);

        for persona in ["els", "karim"] {
            let person = town.sign_in(persona).await;
            assert!(person.devices_of(&own.id).await.unwrap().contains_key("02:00:00:00:09:01"));
            assert_eq!(person.devices_of(&other.id).await.unwrap_err().code(), Code::NotFound, "{persona}");
            let alerts = person.alerts_of("").await.unwrap();
            assert!(!alerts.is_empty() && alerts.iter().all(|alert| alert.school_id == own.id), "{persona}");
            let cases = person.cases_of("").await.unwrap();
            assert!(!cases.is_empty() && cases.iter().all(|case| case.school_id == own.id), "{persona}");

            let ask = async |case_id: &str| person.cases().get_case(person.asks(GetCaseRequest { case_id: case_id.to_owned() })).await;
            assert_eq!(ask(&own_case.case_id).await.unwrap().into_inner().reference, own_case.reference);
            let (hidden, absent) = (ask(&other_case.case_id).await.unwrap_err(), ask(&own.id).await.unwrap_err());
            assert_eq!((hidden.code(), hidden.message()), (absent.code(), absent.message()), "hidden and absent look the same");

            let taking = AssignCaseRequest { case_id: own_case.case_id.clone(), assignee: "me".to_owned(), etag: own_case.etag.clone() };
            let refusal = person.cases().assign_case(person.asks(taking)).await.unwrap_err();
            assert_eq!(refusal.code(), Code::PermissionDenied, "{persona} may look, and not decide");
        }
    }

    async fn the_platform_team_sees_gateways_and_nothing_of_a_school_inside(town: Arc<Town>) {
        let school = town.school(ZANDLOPER).await;
        let operator = town.operator().await;
        for refusal in [
            operator.devices_of(&school.id).await.unwrap_err(),
            operator.alerts_of(&school.id).await.unwrap_err(),
            operator.cases_of(&school.id).await.unwrap_err(),
        ] {
            assert!(matches!(refusal.code(), Code::PermissionDenied | Code::NotFound), "{refusal}");
        }
        let listed = town.operate(&["gateways", "list", "--school", &school.id, "--json"]).await.ok();
        assert!(listed.contains(&school.gateway.id), "{listed}");
        assert!(!listed.contains(&school.gateway.secret), "a secret is shown once");
    }

    async fn nobody_gets_in_without_a_token_or_with_a_gateways(town: Arc<Town>) {
        let school = town.school("990107").await;
        let nobody = Person::with_token(&town.site, "nothing".to_owned());
        assert_eq!(nobody.cases_of("").await.unwrap_err().code(), Code::Unauthenticated);
        let gateway = Person::with_token(&town.site, town.sensor(&school).await.token);
        assert_eq!(gateway.cases_of("").await.unwrap_err().code(), Code::Unauthenticated, "its token is for posting only");
    }
}
