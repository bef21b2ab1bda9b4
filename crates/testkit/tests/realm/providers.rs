//! People of ACM and of LeerID.

use std::time::SystemTime;

use auth::{AUDIENCE_PLATFORM, AuthConfig, Function, Policies, Verifier};
use runtime::{Clock, Ids, SchoolId};
use schildwacht_testkit::{Account, Brokered, Realm, Visit, one_time_code};
use serde_json::{Value, json};

use crate::{LEVEL_2, asks_for_a_password, brokered, claims, shared, sign_in};

/// What ACM says of the head teacher of school 9712.
fn director() -> Value {
    json!({ "vo_doelgroepcode": ["OV"], "vo_orgcode": ["009712"], "schildwacht_rol_3d": ["SchildwachtDirecteur:009712", "SchildwachtKok:009712"] })
}

/// As the portal asks: any method, so that it is said which.
const ANY_METHOD: [(&str, &str); 1] =
    [("acr_values", "urn:schildwacht:aal1 urn:schildwacht:aal2 urn:be:vlaanderen:authmech:csampassword urn:be:vlaanderen:authmech:itsme")];

/// Signs in through a provider, where a password will do.
async fn through<'a>(realm: &'a Realm, provider: &str, account: &Account) -> Visit<'a> {
    let mut visit = realm.visit(&ANY_METHOD).await;
    visit.choose(provider).await;
    visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
    visit
}

#[tokio::test]
async fn who_comes_through_acm_has_its_method_and_the_functions_of_its_roles() {
    let Some(Brokered { realm, acm, .. }) = brokered().await else { return };
    let els = acm.add_account_with(&director()).await;
    let mut visit = through(realm, "acm", &els).await;
    let token = visit.redeem().await.unwrap()["access_token"].as_str().unwrap().to_owned();

    runtime::install_tls_provider();
    let verifier = Verifier::new(&AuthConfig { issuer: realm.issuer() }, AUDIENCE_PLATFORM, Clock::system()).unwrap();
    let policies = Policies::load().unwrap();
    let school: SchoolId = Ids::random(Clock::system()).next();
    policies.hierarchy().put(school, [], [(school.into(), 9_712)]);
    let verified = verifier.verify(&token).await.unwrap();
    let (caller, held) = policies.caller(&verified, Clock::system().now()).unwrap();
    assert_eq!((caller.functions, held), (vec![Function::Director(school)], vec![]));
    assert_eq!(caller.name, "Noor Claes");
    assert_eq!(verified.sign_in.method.as_deref(), Some("urn:be:vlaanderen:authmech:csampassword"));

    // For more, ACM is asked, whose account has no password here.
    let begun = verified.sign_in.at.unwrap();
    visit.again(&[("acr_values", "urn:schildwacht:aal2 urn:be:vlaanderen:authmech:itsme"), ("max_age", "300")]).await;
    assert!(visit.offers("acm") && !visit.offers("leerid"), "{visit:?}");
    visit.choose("acm").await;
    visit.submit(&[("otp", &one_time_code(&els.code_secret, SystemTime::now()))]).await;
    let token = visit.redeem().await.unwrap()["access_token"].as_str().unwrap().to_owned();
    let stronger = verifier.verify(&token).await.unwrap();
    assert_eq!(stronger.principal.subject, verified.principal.subject);
    assert_eq!(stronger.sign_in.method.as_deref(), Some("urn:be:vlaanderen:authmech:itsme"));
    assert!(stronger.sign_in.at.unwrap() >= begun);
}

#[tokio::test]
async fn an_account_of_acm_is_linked_to_none_that_was_there_and_opens_no_other_way() {
    let Some(Brokered { realm, acm, .. }) = brokered().await else { return };
    let responder = realm.add_account(&["responder"]).await;
    let with_the_same_address = acm.add_account_named(responder.username.clone(), &director()).await;
    let visit = through(realm, "acm", &with_the_same_address).await;
    let refused = visit.sent_to.is_none() && visit.page.contains("bestaat al");
    assert!(refused, "came in where an account has the same e-mail address: {visit:?}");

    let els = acm.add_account_with(&director()).await;
    let of_els = claims(&through(realm, "acm", &els).await.redeem().await.unwrap());
    let here = realm.set_password(of_els["sub"].as_str().unwrap()).await;
    let mut visit = realm.visit(&[]).await;
    visit.submit(&[("username", &here.username), ("password", &here.password)]).await;
    let goes_on = visit.sent_to.is_some() || visit.field("totpSecret").is_some();
    assert!(!goes_on && !asks_for_a_password(&visit), "signed in without ACM, or the password was wrong: {visit:?}");
}

#[tokio::test]
async fn an_account_of_our_own_has_nothing_of_acm_whatever_is_entered_for_it() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["pupil"]).await;
    let attributes = json!({
        "schildwacht_functions": ["pupil"], "vo_doelgroepcode": ["OV"], "vo_orgcode": ["009712"], "acm_roles": ["SchildwachtDirecteur"],
        "identity_provider": ["acm"], "acr": ["urn:be:vlaanderen:authmech:eid"],
    });
    realm.set_attributes(&account, &attributes).await;
    let claims = claims(&sign_in(realm, &account).await);
    for claim in ["vo_doelgroepcode", "vo_orgcode", "acm_roles", "identity_provider", "identity_provider_acr"] {
        assert_eq!(claims[claim], Value::Null, "{claim}");
    }
    assert_eq!((&claims["acr"], &claims["schildwacht_functions"]), (&LEVEL_2.into(), &json!(["pupil"])));
}

#[tokio::test]
async fn a_pupil_and_a_parent_come_through_leerid_with_that_and_nothing_else() {
    let Some(Brokered { realm, leerid, .. }) = brokered().await else { return };
    for (role, function) in [("leerling", json!(["pupil"])), ("ouder", json!(["parent"])), ("directeur", Value::Null)] {
        let mut said = director();
        said["leerid_rol"] = json!([role]);
        said["schildwacht_functions"] = json!(["operator"]);
        let somebody = leerid.add_account_without_code(&said).await;
        let claims = claims(&through(realm, "leerid", &somebody).await.redeem().await.unwrap());
        assert_eq!(claims["schildwacht_functions"], function, "{role}");
        assert_eq!((&claims["identity_provider"], &claims["identity_provider_acr"]), (&json!("leerid"), &json!("urn:schildwacht:leerid")));
        assert_eq!((&claims["vo_orgcode"], &claims["acm_roles"]), (&Value::Null, &Value::Null));
    }
}
