//! What `k8s/keycloak/realm.json` promises of signing in: as it stands there, and as a real Keycloak keeps it.

#![cfg(test)]

mod as_written;
mod passwords;
mod providers;
mod sessions;
mod signing_in;

use std::time::SystemTime;

use schildwacht_testkit::{Account, Brokered, REALM, Realm, Visit, one_time_code};
use serde_json::Value;
use tokio::sync::OnceCell;

const PUBLIC_URL: &str = "http://portal.test:8080/";
const LEVEL_2: &str = "urn:schildwacht:aal2";

fn realm() -> Value {
    serde_json::from_str(REALM).unwrap()
}

fn clients() -> Vec<Value> {
    realm()["clients"].as_array().unwrap().clone()
}

/// One for all, with its providers: an import takes seconds, and each test has people of its own.
async fn brokered() -> Option<&'static Brokered> {
    static BROKERED: OnceCell<Option<Brokered>> = OnceCell::const_new();
    BROKERED.get_or_init(|| Brokered::import(PUBLIC_URL)).await.as_ref()
}

async fn shared() -> Option<&'static Realm> {
    Some(&brokered().await?.realm)
}

async fn sign_in(realm: &Realm, account: &Account) -> Value {
    let mut visit = realm.visit(&[]).await;
    visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
    visit.submit(&[("otp", &one_time_code(&account.code_secret, SystemTime::now()))]).await;
    visit.redeem().await.unwrap()
}

fn asks_for_a_password(visit: &Visit<'_>) -> bool {
    visit.sent_to.is_none() && visit.page.contains("name=\"password\"")
}

/// What the access token says.
fn claims(tokens: &Value) -> Value {
    payload(tokens["access_token"].as_str().unwrap())
}

fn payload(token: &str) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}
