//! A realm of its own for a test, in the real Keycloak that `cargo xtask test` starts: the project's realm, imported under another
//! name.

mod brokered;
mod visit;

use std::time::{Duration, SystemTime};

use reqwest::{Client, Method, Response, StatusCode};
use ring::hmac;
use runtime::{Clock, EventId, Ids};
use serde_json::{Value, json};
use url::Url;

pub use brokered::Brokered;
pub use visit::Visit;

use crate::http::http_builder;

/// The project's realm as it stands in `k8s/keycloak`, placeholders and all.
pub const REALM: &str = include_str!("../../../../k8s/keycloak/realm.json");
const PORTAL: &str = "schildwacht-portal";
/// Time step of one-time codes in seconds (RFC 6238).
const CODE_SECONDS: u64 = 30;

/// The imported realm; deleted with the throw-away Keycloak.
#[derive(Debug)]
pub struct Realm {
    server: Url,
    administrator: (String, String),
    name: String,
    public_url: String,
    secret: String,
    http: Client,
}

/// An account that can sign in.
#[derive(Debug, Clone)]
pub struct Account {
    /// Keycloak's id, which is the person's everywhere.
    pub id: String,
    /// To sign in with.
    pub username: String,
    /// To sign in with.
    pub password: String,
    /// The shared secret of the authenticator app.
    pub code_secret: String,
}

impl Realm {
    /// Imports the realm for pages at this address, with a slash at its end; `None`, with a printed reason, where there is no Keycloak.
    pub async fn import(public_url: &str) -> Option<Self> {
        if !crate::skipping::has_servers() {
            return None;
        }
        let address = std::env::var(servers::keycloak::SERVER.variable).expect("asked above");
        Some(Self::import_at(&address, public_url).await)
    }

    /// The same at a Keycloak of the test's own.
    pub async fn import_at(address: &str, public_url: &str) -> Self {
        let realm = Self::named(address, public_url);
        realm.create(&realm.body()).await;
        realm
    }

    /// One that is still to be created.
    fn named(address: &str, public_url: &str) -> Self {
        let mut server: Url = address.parse().expect("Keycloak's address");
        let administrator = (server.username().to_owned(), server.password().unwrap_or_default().to_owned());
        server.set_username("").and_then(|()| server.set_password(None)).expect("an address with a host");
        // Connections belong to the event loop of a test; the realm may be shared by several.
        let http = http_builder().pool_max_idle_per_host(0).build().expect("an HTTP client");
        Self { server, administrator, name: new_id(), public_url: public_url.to_owned(), secret: new_id(), http }
    }

    /// The project's realm, with the placeholders filled in and its machine clients enabled.
    fn body(&self) -> Value {
        let mut text = REALM.replace("${SCHILDWACHT_PUBLIC_URL}", &self.public_url);
        for client in ["PORTAL", "CLI", "IDENTITY", "NETWORK_MONITOR", "INCIDENT_INTAKE"] {
            text = text.replace(&format!("${{SCHILDWACHT_{client}_SECRET}}"), &self.secret);
        }
        let mut body: Value = serde_json::from_str(&text).expect("the realm is JSON");
        body["realm"] = json!(self.name);
        // As an operator does who has given them secrets.
        let clients = body["clients"].as_array_mut().expect("a list of clients");
        for machine in clients.iter_mut().filter(|client| client["serviceAccountsEnabled"] == true) {
            machine["enabled"] = json!(true);
        }
        body
    }

    async fn create(&self, body: &Value) {
        let made = self.administer_server(Method::POST, "realms", Some(body)).await;
        assert_eq!(made.status(), StatusCode::CREATED, "{}", made.text().await.unwrap_or_default());
    }

    /// The issuer's URL, as in the `iss` claim.
    pub fn issuer(&self) -> String {
        format!("{}realms/{}", self.server, self.name)
    }

    /// The secret of each of our clients.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// An account with these functions, whose authenticator app is set up.
    pub async fn add_account(&self, functions: &[&str]) -> Account {
        self.add_account_with(&json!({ "schildwacht_functions": functions })).await
    }

    /// The same with any attributes.
    pub async fn add_account_with(&self, attributes: &Value) -> Account {
        self.add_account_named(new_id(), attributes).await
    }

    /// The same with this user name, which is also in its e-mail address.
    pub async fn add_account_named(&self, username: String, attributes: &Value) -> Account {
        let account = Account { id: String::new(), username, password: new_id(), code_secret: new_id() };
        let body = json!({
            "username": account.username, "enabled": true, "firstName": "Noor", "lastName": "Claes",
            "email": format!("{}@example.be", account.username),
            "attributes": attributes,
            "credentials": [
                { "type": "password", "value": account.password, "temporary": false },
                {
                    "type": "otp", "userLabel": "test",
                    "secretData": json!({ "value": account.code_secret }).to_string(),
                    "credentialData":
                        json!({ "subType": "totp", "digits": 6, "counter": 0, "period": CODE_SECONDS, "algorithm": "HmacSHA1" }).to_string(),
                },
            ],
        });
        Account { id: self.make_account(&body).await, ..account }
    }

    /// An account with any attributes that is opened by a password alone.
    pub async fn add_account_without_code(&self, attributes: &Value) -> Account {
        let account = Account { id: String::new(), username: new_id(), password: new_id(), code_secret: String::new() };
        let body = json!({
            "username": account.username, "enabled": true, "firstName": "Mila", "lastName": "Peeters", "attributes": attributes,
            "credentials": [{ "type": "password", "value": account.password, "temporary": false }],
        });
        Account { id: self.make_account(&body).await, ..account }
    }

    /// Gives an account a password, as an administrator does.
    pub async fn set_password(&self, id: &str) -> Account {
        let password = new_id();
        let body = json!({ "type": "password", "value": password, "temporary": false });
        let done = self.administer(Method::PUT, &format!("users/{id}/reset-password"), Some(&body)).await;
        assert!(done.status().is_success(), "{done:?}");
        let user: Value = self.administer(Method::GET, &format!("users/{id}"), None).await.json().await.expect("a user");
        let username = user["username"].as_str().expect("a user name").to_owned();
        Account { id: id.to_owned(), username, password, code_secret: String::new() }
    }

    /// What Keycloak answers to an administrator who gives an account these attributes.
    pub async fn set_attributes(&self, account: &Account, attributes: &Value) -> StatusCode {
        let mut user: Value = self.administer(Method::GET, &format!("users/{}", account.id), None).await.json().await.expect("a user");
        user["attributes"] = attributes.clone();
        self.administer(Method::PUT, &format!("users/{}", account.id), Some(&user)).await.status()
    }

    async fn make_account(&self, body: &Value) -> String {
        let made = self.administer(Method::POST, "users", Some(body)).await;
        assert_eq!(made.status(), StatusCode::CREATED, "{}", made.text().await.unwrap_or_default());
        let location = made.headers()["location"].to_str().expect("an address");
        location.rsplit('/').next().expect("an id").to_owned()
    }

    /// A new user with a temporary password.
    pub async fn add_newcomer(&self) -> Account {
        let account = Account { id: String::new(), username: new_id(), password: new_id(), code_secret: String::new() };
        let body = json!({
            "username": account.username, "enabled": true, "firstName": "Noor", "lastName": "Claes",
            "email": format!("{}@example.be", account.username),
            "requiredActions": ["UPDATE_PASSWORD"],
            "credentials": [{ "type": "password", "value": account.password, "temporary": true }],
        });
        Account { id: self.make_account(&body).await, ..account }
    }

    /// Disables the account: no sign-in and no refresh any more.
    pub async fn disable(&self, account: &Account) {
        let done = self.administer(Method::PUT, &format!("users/{}", account.id), Some(&json!({ "enabled": false }))).await;
        assert!(done.status().is_success(), "{done:?}");
    }

    /// Has somebody do something at their next sign-in, as an administrator does.
    pub async fn require(&self, account: &Account, action: &str) {
        let change = json!({ "requiredActions": [action] });
        let done = self.administer(Method::PUT, &format!("users/{}", account.id), Some(&change)).await;
        assert!(done.status().is_success(), "{done:?}");
    }

    /// Ends all of the account's sessions, as an administrator does.
    pub async fn end_sessions(&self, account: &Account) {
        let done = self.administer(Method::POST, &format!("users/{}/logout", account.id), None).await;
        assert!(done.status().is_success(), "{done:?}");
    }

    /// How many sessions the account has.
    pub async fn count_sessions(&self, account: &Account) -> usize {
        let answer = self.administer(Method::GET, &format!("users/{}/sessions", account.id), None).await;
        answer.json::<Vec<Value>>().await.expect("a list of sessions").len()
    }

    /// The realm as Keycloak keeps it.
    pub async fn settings(&self) -> Value {
        let answer = self.administer_server(Method::GET, &format!("realms/{}", self.name), None).await;
        answer.json().await.expect("the realm")
    }

    /// What people may be asked to do when they sign in, by its alias; those that are off are left out.
    pub async fn required_actions(&self) -> Vec<String> {
        let answer = self.administer(Method::GET, "authentication/required-actions", None).await;
        let actions: Vec<Value> = answer.json().await.expect("a list of actions");
        let enabled = actions.iter().filter(|action| action["enabled"] == true);
        enabled.map(|action| action["alias"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Adds a signing key; tokens of the old one stay valid.
    pub async fn rotate_key(&self) {
        let key = json!({
            "name": new_id(), "providerId": "ecdsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
            "config": { "priority": ["200"], "enabled": ["true"], "active": ["true"], "ecdsaEllipticCurveKey": ["P-256"] },
        });
        let made = self.administer(Method::POST, "components", Some(&key)).await;
        assert_eq!(made.status(), StatusCode::CREATED, "{made:?}");
    }

    /// A client as Keycloak has it, if it has it.
    pub async fn client(&self, client_id: &str) -> Option<Value> {
        let answer = self.administer(Method::GET, &format!("clients?clientId={client_id}"), None).await;
        let mut found: Vec<Value> = answer.json().await.expect("a list of clients");
        found.pop()
    }

    /// Updates the given members of a client.
    pub async fn change_client(&self, client_id: &str, mut change: Value) {
        let client = self.client(client_id).await.expect("the client is there");
        change["clientId"] = json!(client_id);
        let path = format!("clients/{}", client["id"].as_str().unwrap_or_default());
        let done = self.administer(Method::PUT, &path, Some(&change)).await;
        assert!(done.status().is_success(), "{done:?}");
    }

    /// Adds a client.
    pub async fn add_client(&self, client: Value) {
        let made = self.administer(Method::POST, "clients", Some(&client)).await;
        assert_eq!(made.status(), StatusCode::CREATED, "{made:?}");
    }

    /// Removes a client.
    pub async fn remove_client(&self, client_id: &str) {
        let client = self.client(client_id).await.expect("the client is there");
        let path = format!("clients/{}", client["id"].as_str().unwrap_or_default());
        let done = self.administer(Method::DELETE, &path, None).await;
        assert!(done.status().is_success(), "{done:?}");
    }

    /// A token by client credentials, or how it is refused.
    pub async fn machine_token(&self, client_id: &str, secret: &str) -> Result<String, String> {
        let answer = self.tokens(client_id, secret, &[("grant_type", "client_credentials")]).await?;
        Ok(answer["access_token"].as_str().expect("asked above").to_owned())
    }

    /// Asks for a token as the portal: what Keycloak answers, or the error's code.
    pub async fn ask_as_portal(&self, form: &[(&str, &str)]) -> Result<Value, String> {
        self.tokens(PORTAL, &self.secret, form).await
    }

    /// Gives up a refresh token as the portal does (RFC 7009).
    pub async fn give_up(&self, refresh_token: &str) -> StatusCode {
        let form = [("token", refresh_token), ("token_type_hint", "refresh_token")];
        let request = self.http.post(self.endpoint("revoke")).basic_auth(PORTAL, Some(&self.secret)).form(&form);
        request.send().await.expect("Keycloak answers").status()
    }

    async fn tokens(&self, client_id: &str, secret: &str, form: &[(&str, &str)]) -> Result<Value, String> {
        let request = self.http.post(self.endpoint("token")).basic_auth(client_id, Some(secret)).form(form);
        let answer: Value = request.send().await.expect("Keycloak answers").json().await.expect("JSON");
        if answer["access_token"].is_string() { Ok(answer) } else { Err(answer["error"].as_str().unwrap_or_default().to_owned()) }
    }

    fn endpoint(&self, name: &str) -> String {
        format!("{}/protocol/openid-connect/{name}", self.issuer())
    }

    /// Below the realm's own administration.
    async fn administer(&self, method: Method, path: &str, body: Option<&Value>) -> Response {
        self.administer_server(method, &format!("realms/{}/{path}", self.name), body).await
    }

    async fn administer_server(&self, method: Method, path: &str, body: Option<&Value>) -> Response {
        let (user, password) = &self.administrator;
        let form = [("grant_type", "password"), ("client_id", "admin-cli"), ("username", user), ("password", password)];
        let endpoint = format!("{}realms/master/protocol/openid-connect/token", self.server);
        let answer = self.http.post(endpoint).form(&form).send().await.expect("Keycloak answers");
        let answer: Value = answer.json().await.expect("JSON");
        let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("no administrator: {answer}"));
        let mut request = self.http.request(method, format!("{}admin/{path}", self.server)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        // A new realm takes seconds on a busy machine.
        request.timeout(Duration::from_secs(120)).send().await.expect("Keycloak answers")
    }
}

/// The six digits that an authenticator app shows at this moment (RFC 6238 with SHA-1).
pub fn one_time_code(secret: &str, now: SystemTime) -> String {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970").as_secs();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let tag = hmac::sign(&key, &(seconds / CODE_SECONDS).to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0xf);
    let number = u32::from_be_bytes([tag[offset], tag[offset + 1], tag[offset + 2], tag[offset + 3]]) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn new_id() -> String {
    uuid::Uuid::from(Ids::random(Clock::system()).next::<EventId>()).simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, the last six of eight digits.
        let at = |seconds| one_time_code("12345678901234567890", SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!([at(59), at(1_111_111_109), at(20_000_000_000)], ["287082", "081804", "353130"]);
    }
}
