//! What a sign-in must be at least, and whether an app asks as much.

use proto::{
    identity::v1::{CheckConformanceRequest, ConformanceReport, GetSignInPolicyRequest, Population, Shortcoming, SignInPolicy, WayIn},
    time::timestamp,
};
use testkit::{on_both_stores, person};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::World;

const ITSME: &str = "urn:be:vlaanderen:authmech:itsme";
const LEERID: &str = "urn:schildwacht:leerid";

fn way(acr: &str, information_class: u32, within_minutes: Option<u32>) -> WayIn {
    WayIn { acr: acr.to_owned(), information_class, within_minutes }
}

/// Of pupils' marks: teachers sign in by itsme, pupils by LeerID.
pub fn an_app() -> CheckConformanceRequest {
    let populations = vec![Population::Staff.into(), Population::Family.into()];
    CheckConformanceRequest { ways: vec![way(ITSME, 3, None), way(LEERID, 3, None)], populations, at: None }
}

async fn check(world: &World, asked: CheckConformanceRequest) -> Result<ConformanceReport, Status> {
    Ok(world.sign_in().check_conformance(world.by(&person(70, &[]), asked)).await?.into_inner())
}

async fn policy(world: &World, asked: GetSignInPolicyRequest) -> Result<SignInPolicy, Status> {
    Ok(world.sign_in().get_sign_in_policy(world.by(&person(70, &[]), asked)).await?.into_inner())
}

fn violations(refused: &Status) -> Vec<(String, String)> {
    assert_eq!(refused.code(), Code::InvalidArgument);
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    violations.into_iter().map(|violation| (violation.field, violation.description)).collect()
}

on_both_stores! {
    async fn an_app_is_told_which_way_in_falls_short_for_whom_and_what_would_do(database: TestDatabase) {
        let world = World::start(&database).await;
        let report = check(&world, an_app()).await.unwrap();
        assert!(!report.conforms && report.version.starts_with("2026."), "{report:?}");
        let told: Vec<(&str, Population, Vec<Shortcoming>, u32)> = report.findings.iter().map(|finding| {
            let (way, asked) = (finding.way.as_ref().unwrap(), finding.asked.as_ref().unwrap());
            (way.acr.as_str(), asked.population(), finding.shortcomings().collect(), finding.suffices_for)
        }).collect();
        assert_eq!(told, [
            (ITSME, Population::Family, vec![], 3),
            (ITSME, Population::Staff, vec![], 3),
            (LEERID, Population::Family, vec![], 3),
            (LEERID, Population::Staff, vec![Shortcoming::LevelTooLow], 2),
        ]);
        let short = &report.findings[3];
        assert_eq!(short.asked.as_ref().unwrap().level, 2);
        assert!(short.better.contains(&ITSME.to_owned()) && !short.better.contains(&LEERID.to_owned()), "{:?}", short.better);

        let for_pupils = CheckConformanceRequest { populations: vec![Population::Family.into()], ..an_app() };
        assert!(check(&world, for_pupils).await.unwrap().conforms);
    }

    async fn the_policy_can_be_read_as_it_was_at_a_moment(database: TestDatabase) {
        let world = World::start(&database).await;
        let now = policy(&world, GetSignInPolicyRequest::default()).await.unwrap();
        let itsme = now.methods.iter().find(|method| method.acr == ITSME).unwrap();
        assert_eq!((itsme.level, itsme.phishing_resistant, itsme.is_client, itsme.name_nl.as_str()), (2, false, false, "itsme"));
        assert_eq!(now.conditions.len(), 10, "five classes, two populations");
        let weighty = now.conditions.iter().find(|asked| asked.information_class == 4 && asked.population() == Population::Staff).unwrap();
        assert_eq!((weighty.level, weighty.within_minutes), (2, Some(60)));

        let long_ago = GetSignInPolicyRequest { at: Some(timestamp("2001-01-01T00:00:00Z".parse().unwrap())) };
        let refused = policy(&world, long_ago).await.unwrap_err();
        let [(field, why)] = &violations(&refused)[..] else { panic!("{refused}") };
        assert!(field == "at" && why.contains("sign-in holds on 2001-01-01"), "{field}: {why}");
    }

    async fn each_field_that_is_wrong_is_named(database: TestDatabase) {
        let world = World::start(&database).await;
        let wrong = CheckConformanceRequest {
            ways: vec![way("", 3, None), way(ITSME, 6, None), way(&"a".repeat(201), 0, None)],
            populations: vec![Population::Unspecified.into()],
            at: None,
        };
        let refused = check(&world, wrong).await.unwrap_err();
        let fields: Vec<String> = violations(&refused).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["ways[0].acr", "ways[1].information_class", "ways[2].acr", "ways[2].information_class", "populations"]);

        let some = |ways: usize| CheckConformanceRequest { ways: vec![way(ITSME, 3, None); ways], ..an_app() };
        assert_eq!(check(&world, some(50)).await.unwrap().findings.len(), 100);
        for too_many_or_few in [0, 51] {
            let refused = check(&world, some(too_many_or_few)).await.unwrap_err();
            assert_eq!(violations(&refused), [("ways".to_owned(), "give 1 to 50 ways into the app".to_owned())]);
        }
    }
}
