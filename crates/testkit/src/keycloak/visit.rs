//! Keycloak's pages as a browser goes through them.

use std::{collections::BTreeMap, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use ring::digest;
use serde_json::Value;
use url::Url;

use super::{Account, PORTAL, Realm, new_id, one_time_code};

/// A visitor who is signing in at the portal.
#[derive(Debug)]
pub struct Visit<'a> {
    realm: &'a Realm,
    http: Client,
    /// By path and name: each realm has cookies of its own.
    cookies: BTreeMap<(String, String), String>,
    redirect: String,
    verifier: String,
    /// Of the last answer.
    pub status: StatusCode,
    /// The page that is shown; empty when the visitor was sent away.
    pub page: String,
    /// Where the visitor was sent, away from Keycloak.
    pub sent_to: Option<Url>,
}

impl Realm {
    /// A visitor without a session comes to sign in, as the portal sends them. `changed` replaces what the portal asks, or leaves it
    /// out where it is empty.
    pub async fn visit(&self, changed: &[(&str, &str)]) -> Visit<'_> {
        Visit::begin(self, changed).await
    }

    /// A visitor whom a portal has sent to sign in, at this address. What came of it is for that portal to redeem.
    pub async fn visit_at(&self, address: &str) -> Visit<'_> {
        Visit::at(self, address.parse().expect("an address"), String::new()).await
    }

    /// Signs in through the pages of Keycloak, as a browser would, with password and code; the access token.
    ///
    /// A code works once: each account signs in this way once.
    pub async fn sign_in(&self, account: &Account) -> String {
        let mut visit = self.visit(&[]).await;
        visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
        visit.submit(&[("otp", &one_time_code(&account.code_secret, SystemTime::now()))]).await;
        let tokens = visit.redeem().await.expect("a token for the code");
        tokens["access_token"].as_str().expect("a token").to_owned()
    }
}

/// Where the portal takes its visitors back.
fn redirect_of(realm: &Realm) -> String {
    format!("{}aanmelden/terug", realm.public_url)
}

/// Where the portal sends a visitor, and what redeems the code that comes back. `changed` as for [`Realm::visit`].
fn asking(realm: &Realm, changed: &[(&str, &str)]) -> (Url, String) {
    let verifier = format!("{}{}", new_id(), new_id());
    let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    let redirect = redirect_of(realm);
    let mut asked = BTreeMap::from([
        ("response_type", "code"),
        ("client_id", PORTAL),
        ("redirect_uri", &redirect),
        ("scope", "openid profile"),
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    asked.extend(changed.iter().copied());
    asked.retain(|_, value| !value.is_empty());
    let address = Url::parse_with_params(&realm.endpoint("auth"), asked).expect("an address");
    (address, verifier)
}

impl<'a> Visit<'a> {
    async fn begin(realm: &'a Realm, changed: &[(&str, &str)]) -> Self {
        let (address, verifier) = asking(realm, changed);
        Self::at(realm, address, verifier).await
    }

    async fn at(realm: &'a Realm, address: Url, verifier: String) -> Self {
        let (http, redirect) = (realm.http.clone(), redirect_of(realm));
        let (status, page) = (StatusCode::OK, String::new());
        let mut visit = Self { realm, http, cookies: BTreeMap::new(), redirect, verifier, status, page, sent_to: None };
        visit.go(visit.http.get(address)).await;
        visit
    }

    /// Fills in the form of the page and sends it.
    pub async fn submit(&mut self, form: &[(&str, &str)]) {
        let request = self.http.post(self.action()).form(form);
        self.go(request).await;
    }

    /// Whether the page offers to sign in at an identity provider.
    pub fn offers(&self, provider: &str) -> bool {
        self.way_to(provider).is_some()
    }

    /// Chooses to sign in at an identity provider that the page offers.
    pub async fn choose(&mut self, provider: &str) {
        let way = self.way_to(provider).unwrap_or_else(|| panic!("{provider} is not offered: {self:?}"));
        let address = self.realm.server.join(&way).expect("an address");
        self.go(self.http.get(address)).await;
    }

    fn way_to(&self, provider: &str) -> Option<String> {
        let links = self.page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        links.filter(|link| link.contains(&format!("/broker/{provider}/login"))).map(|link| link.replace("&amp;", "&")).next()
    }

    /// The same browser is sent to sign in again, as [`Realm::visit`] sends a new one.
    pub async fn again(&mut self, changed: &[(&str, &str)]) {
        let (address, verifier) = asking(self.realm, changed);
        self.verifier = verifier;
        self.sent_to = None;
        self.go(self.http.get(address)).await;
    }

    /// The same browser is sent to sign in again by a portal, at this address.
    pub async fn again_at(&mut self, address: &str) {
        self.sent_to = None;
        self.go(self.http.get(address)).await;
    }

    /// What the portal gets for the code with which the visitor came back.
    ///
    /// # Errors
    /// The code of Keycloak's error.
    pub async fn redeem(&self) -> Result<Value, String> {
        let back = self.sent_to.as_ref().unwrap_or_else(|| panic!("not signed in: {} {}", self.status, self.page));
        assert!(back.as_str().starts_with(&self.redirect), "{back}");
        let code = self.told("code").unwrap_or_else(|| panic!("no code: {back}"));
        let form =
            [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", &self.redirect), ("code_verifier", &self.verifier)];
        self.realm.ask_as_portal(&form).await
    }

    /// A parameter of where the visitor was sent.
    pub fn told(&self, name: &str) -> Option<String> {
        let (_, value) = self.sent_to.as_ref()?.query_pairs().find(|(found, _)| found == name)?;
        Some(value.into_owned())
    }

    /// The value of a field of the page's form.
    pub fn field(&self, name: &str) -> Option<&str> {
        let tag = self.page.split('<').find(|tag| tag.starts_with("input") && tag.contains(&format!("name=\"{name}\"")))?;
        Some(tag.split_once("value=\"")?.1.split('"').next().unwrap_or_default())
    }

    /// Asks, and follows Keycloak as long as it sends the visitor on to itself.
    async fn go(&mut self, request: RequestBuilder) {
        let mut answer = self.ask(request).await;
        while let Some(onward) = answer.headers().get("location") {
            let onward: Url = onward.to_str().expect("an address").parse().expect("an address");
            if onward.host() != self.realm.server.host() || onward.port() != self.realm.server.port() {
                (self.status, self.page, self.sent_to) = (answer.status(), String::new(), Some(onward));
                return;
            }
            answer = self.ask(self.http.get(onward)).await;
        }
        self.status = answer.status();
        self.page = answer.text().await.expect("a page");
    }

    async fn ask(&mut self, request: RequestBuilder) -> Response {
        let mut request = request.build().expect("a request");
        let asked = request.url().path().to_owned();
        let meant = self.cookies.iter().filter(|((path, _), _)| asked.starts_with(path.as_str()));
        let cookies: Vec<String> = meant.map(|((_, name), value)| format!("{name}={value}")).collect();
        request.headers_mut().insert("cookie", cookies.join("; ").parse().expect("cookies"));
        let answer = self.http.execute(request).await.expect("Keycloak answers");
        for cookie in answer.headers().get_all("set-cookie") {
            let mut parts = cookie.to_str().expect("a cookie").split(';').map(str::trim);
            let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            let path = parts.find_map(|part| part.strip_prefix("Path=")).unwrap_or("/");
            self.cookies.insert((path.to_owned(), name.to_owned()), value.to_owned());
        }
        answer
    }

    /// Where the page's form goes.
    fn action(&self) -> String {
        let form = self.page.split_once("<form").unwrap_or_else(|| panic!("no form in {}", self.page)).1;
        let action = form.split_once("action=\"").unwrap_or_else(|| panic!("no action in {form}")).1;
        action.split('"').next().unwrap_or_default().replace("&amp;", "&")
    }
}
