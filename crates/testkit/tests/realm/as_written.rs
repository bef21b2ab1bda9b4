//! What `realm.json` says, without a server.

use serde_json::Value;

use crate::{LEVEL_2, clients, realm};

#[test]
fn no_client_takes_passwords_or_gives_tokens_by_the_address_bar() {
    for client in clients() {
        for grant in ["implicitFlowEnabled", "directAccessGrantsEnabled", "fullScopeAllowed"] {
            assert_eq!(client[grant], false, "{grant} of {}", client["clientId"]);
        }
    }
    assert_eq!(realm()["directGrantFlow"], "no direct grant");
}

#[test]
fn people_sign_in_with_pkce_a_second_factor_and_addresses_known_to_the_letter() {
    let mut of_people = Vec::new();
    for client in clients().into_iter().filter(|client| client["standardFlowEnabled"] == true) {
        let name = client["clientId"].as_str().unwrap().to_owned();
        assert_eq!(client["attributes"]["pkce.code.challenge.method"], "S256", "{name}");
        assert_eq!(client["attributes"]["minimum.acr.value"], LEVEL_2, "{name}");
        // Keycloak's own page has no session of its own.
        let is_told = client["attributes"]["backchannel.logout.url"] == "${SCHILDWACHT_PUBLIC_URL}afmelden/achtergrond";
        assert!(is_told || name == "account-console", "{name} is not told that sessions end");
        // Keycloak's own pages come back to whichever of them was open; they are all below one path of Keycloak itself.
        let any_of_its_own = name == "account-console";
        for address in client["redirectUris"].as_array().unwrap() {
            let address = address.as_str().unwrap();
            let exact = !address.contains('*') && address.starts_with("${SCHILDWACHT_PUBLIC_URL}");
            assert!(exact || any_of_its_own && address == "/realms/schildwacht/account/*", "{name}: {address}");
        }
        of_people.push(name);
    }
    assert_eq!(of_people, ["schildwacht-portal", "account-console"]);
}

#[test]
fn guessing_is_slowed_down_and_what_leaks_is_soon_worth_nothing() {
    let realm = realm();
    assert_eq!(realm["bruteForceProtected"], true);
    assert!(realm["failureFactor"].as_u64().unwrap() <= 10);
    assert!(realm["accessTokenLifespan"].as_u64().unwrap() <= 45, "seconds that a disabled person's token lives, beside 10 for clocks");
    assert!(realm["passwordPolicy"].as_str().unwrap().contains("passwordBlacklist(leaked-passwords.txt)"));
    assert_eq!((&realm["revokeRefreshToken"], &realm["refreshTokenMaxReuse"]), (&true.into(), &0.into()));
    assert_eq!(realm["registrationAllowed"], false);
    for provider in realm["identityProviders"].as_array().unwrap() {
        assert_eq!((&provider["enabled"], &provider["trustEmail"]), (&false.into(), &false.into()), "as shipped: {}", provider["alias"]);
        assert_eq!(provider["firstBrokerLoginFlowAlias"], "first sign-in through a provider", "which links no accounts");
        let config = &provider["config"];
        for on in ["validateSignature", "useJwksUrl", "pkceEnabled", "passMaxAge"] {
            assert_eq!(config[on], "true", "{on} of {}", provider["alias"]);
        }
        let secret = config["clientSecret"].as_str().unwrap();
        assert!(secret.starts_with("${SCHILDWACHT_") && secret.ends_with("_SECRET}"), "{} has a secret of its own", provider["alias"]);
    }
    for client in clients().iter().filter(|client| client["secret"].is_string()) {
        let secret = client["secret"].as_str().unwrap();
        assert!(secret.starts_with("${SCHILDWACHT_") && secret.ends_with("_SECRET}"), "{} has a secret of its own", client["clientId"]);
    }
}

#[test]
fn a_client_that_acts_by_its_secret_alone_is_off_until_it_has_one() {
    let machines: Vec<Value> = clients().into_iter().filter(|client| client["serviceAccountsEnabled"] == true).collect();
    let names: Vec<&str> = machines.iter().map(|client| client["clientId"].as_str().unwrap()).collect();
    assert_eq!(names, ["schildwacht-cli", "schildwacht-identity", "schildwacht-network-monitor", "schildwacht-incident-intake"]);
    for machine in machines {
        assert_eq!(machine["enabled"], false, "{}: without its variable the placeholder is the secret", machine["clientId"]);
    }
}
