//! People sign in: the openidconnect client library against the development issuer, end to end.

use auth::{AUDIENCE_PLATFORM, Function, Policies};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, Scope, TokenResponse as _,
    core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreTokenResponse},
};
use proto::identity::v1::School;
use runtime::{Clock, SchoolId};
use schildwacht_identity::issuer::{PORTAL_RETURN, client::PORTAL, client_secret_file};
use url::Url;

use crate::world::{Setup, World, id_of};

/// openidconnect's HTTP, over our client.
async fn send(http: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let (parts, body) = request.into_parts();
    let answer = http.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body).send().await?;
    let mut response = openidconnect::http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    Ok(response.body(answer.bytes().await?.to_vec()).unwrap())
}

/// The portal, as the issuer sees it.
pub struct Portal<'a> {
    world: &'a World,
    metadata: CoreProviderMetadata,
    secret: String,
}

/// A sign-in under way.
pub struct Begun {
    pub page: Url,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl<'a> Portal<'a> {
    pub async fn discover(world: &'a World) -> Self {
        let issuer = IssuerUrl::new(world.issuer()).unwrap();
        let metadata = CoreProviderMetadata::discover_async(issuer, &|request| send(&world.http, request)).await.unwrap();
        let secret = std::fs::read_to_string(client_secret_file(world.data_dir.path(), PORTAL)).unwrap();
        Self { world, metadata, secret }
    }

    pub fn redirect_uri(&self) -> String {
        format!("{}{PORTAL_RETURN}", self.world.portal)
    }

    /// Sends the browser to the issuer; returns where the issuer sends it.
    pub async fn begin(&self) -> Begun {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = CoreClient::from_provider_metadata(self.metadata.clone(), ClientId::new(PORTAL.into()), None)
            .set_redirect_uri(RedirectUrl::new(self.redirect_uri()).unwrap());
        let (url, state, nonce) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("profile".into()))
            .set_pkce_challenge(challenge)
            .url();
        let page = location(self.world.http.get(url.as_str()).send().await.unwrap());
        Begun { page, state, nonce, verifier }
    }

    /// Chooses a persona on the page; returns the code the browser brings back.
    pub async fn choose(&self, begun: &Begun, persona: &str) -> AuthorizationCode {
        let request = parameter(&begun.page, "request").unwrap();
        let form = [("request", request.as_str()), ("persona", persona)];
        let answer = self.world.http.post(format!("{}/authorize/continue", self.world.issuer())).form(&form).send().await.unwrap();
        let back = location(answer);
        assert!(back.as_str().starts_with(&self.redirect_uri()), "{back}");
        assert_eq!(parameter(&back, "state").as_deref(), Some(begun.state.secret().as_str()));
        assert_eq!(parameter(&back, "iss"), Some(self.world.issuer()), "RFC 9207");
        AuthorizationCode::new(parameter(&back, "code").unwrap())
    }

    pub async fn exchange(&self, code: AuthorizationCode, verifier: PkceCodeVerifier) -> Result<CoreTokenResponse, String> {
        let client = self.client();
        let request = client.exchange_code(code).unwrap().set_pkce_verifier(verifier);
        request.request_async(&|request| send(&self.world.http, request)).await.map_err(error_code)
    }

    pub async fn refresh(&self, token: &RefreshToken) -> Result<CoreTokenResponse, String> {
        let client = self.client();
        let request = client.exchange_refresh_token(token).unwrap();
        request.request_async(&|request| send(&self.world.http, request)).await.map_err(error_code)
    }

    pub async fn sign_in(&self, persona: &str) -> CoreTokenResponse {
        let begun = self.begin().await;
        let code = self.choose(&begun, persona).await;
        let nonce = begun.nonce.clone();
        let tokens = self.exchange(code, begun.verifier).await.unwrap();
        let client = self.client();
        let now = runtime::Clock::from(self.world.clock.clone());
        let verifier = client.id_token_verifier().set_time_fn(move || now.now());
        tokens.id_token().unwrap().claims(&verifier, &nonce).unwrap();
        tokens
    }

    fn client(
        &self,
    ) -> CoreClient<
        openidconnect::EndpointSet,
        openidconnect::EndpointNotSet,
        openidconnect::EndpointNotSet,
        openidconnect::EndpointNotSet,
        openidconnect::EndpointMaybeSet,
        openidconnect::EndpointMaybeSet,
    > {
        let secret = ClientSecret::new(self.secret.clone());
        CoreClient::from_provider_metadata(self.metadata.clone(), ClientId::new(PORTAL.into()), Some(secret))
            .set_redirect_uri(RedirectUrl::new(self.redirect_uri()).unwrap())
    }
}

fn error_code<E: std::error::Error + 'static>(
    error: openidconnect::RequestTokenError<E, openidconnect::StandardErrorResponse<openidconnect::core::CoreErrorResponseType>>,
) -> String {
    match error {
        openidconnect::RequestTokenError::ServerResponse(answer) => answer.error().to_string(),
        other => other.to_string(),
    }
}

pub fn location(answer: reqwest::Response) -> Url {
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    answer.headers()["location"].to_str().unwrap().parse().unwrap()
}

pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

async fn demo() -> (World, testkit::TestDatabase) {
    World::start_on_sqlite(Setup::demo()).await
}

async fn zandloper(world: &World) -> School {
    let request = proto::identity::v1::ListSchoolsRequest { query: "zandloper".into(), ..Default::default() };
    let page = world.organisations().list_schools(world.by(&crate::world::operator(), request)).await.unwrap();
    page.into_inner().schools.remove(0)
}

#[tokio::test]
async fn a_persona_signs_in_and_is_what_the_content_says() {
    let (world, _database) = demo().await;
    let portal = Portal::discover(&world).await;

    let begun = portal.begin().await;
    assert!(begun.page.as_str().starts_with(&format!("{}/aanmelden/wie?request=", world.url)), "{}", begun.page);
    let tokens = portal.sign_in("els").await;

    let verified = world.verifier(AUDIENCE_PLATFORM).verify(tokens.access_token().secret()).await.unwrap();
    assert_eq!(verified.principal.name, "Els Vermeulen");
    assert_eq!(verified.principal.functions, [Function::Director(id_of(&zandloper(&world).await))]);
}

#[tokio::test]
async fn a_persona_of_acm_has_its_claims_and_one_of_leerid_nothing_of_them() {
    let (world, _database) = demo().await;
    let portal = Portal::discover(&world).await;
    let verifier = world.verifier(AUDIENCE_PLATFORM);
    let mut verified = Vec::new();
    for persona in ["jonas", "mila", "tom", "els"] {
        portal.begin().await;
        verified.push(verifier.verify(portal.sign_in(persona).await.access_token().secret()).await.unwrap());
    }
    let [jonas, mila, tom, els] = verified.try_into().unwrap();

    let policies = Policies::load().unwrap();
    let school: SchoolId = id_of(&zandloper(&world).await);
    policies.hierarchy().put(school, [], [(school.into(), 990_101)]);
    let (caller, _) = policies.caller(&jonas, Clock::system().now()).unwrap();
    assert_eq!((&jonas.principal.functions, caller.functions), (&vec![], vec![Function::Teacher(school)]));
    assert_eq!(jonas.sign_in.method.as_deref(), Some("urn:be:vlaanderen:authmech:itsme"));
    for (leerid, function) in [(mila, Function::Pupil), (tom, Function::Parent)] {
        assert_eq!((&leerid.principal.functions, &leerid.acm), (&vec![function], &None));
        assert_eq!(leerid.sign_in.method.as_deref(), Some("urn:schildwacht:leerid"));
    }
    assert_eq!(els.acm, None, "an account of the issuer's own");
}

#[tokio::test]
async fn the_page_of_personas_gets_names_and_words_in_both_languages() {
    let (world, _database) = demo().await;
    let personas: serde_json::Value = world.http.get(format!("{}/personas", world.issuer())).send().await.unwrap().json().await.unwrap();
    let ids: Vec<_> = personas.as_array().unwrap().iter().map(|persona| persona["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["els", "karim", "noor", "hilde", "bram", "jonas", "mila", "tom"]);
    assert_eq!(personas[0]["name"], "Els Vermeulen");
    for member in ["function", "sees"] {
        assert!(personas[0][member]["nl"].is_string() && personas[0][member]["en"].is_string());
    }
    assert_eq!(personas[0]["icon"], "school");
}

#[tokio::test]
async fn personas_of_schools_that_are_not_there_are_not_offered() {
    let (world, _database) = World::start_on_sqlite(Setup::ordinary()).await;
    let personas: serde_json::Value = world.http.get(format!("{}/personas", world.issuer())).send().await.unwrap().json().await.unwrap();
    let ids: Vec<_> = personas.as_array().unwrap().iter().map(|persona| persona["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["noor", "hilde", "bram", "mila", "tom"]);
}

#[tokio::test]
async fn an_id_token_is_no_access_token() {
    let (world, _database) = demo().await;
    let tokens = Portal::discover(&world).await.sign_in("noor").await;
    let refused = world.verifier(AUDIENCE_PLATFORM).verify(&tokens.id_token().unwrap().to_string()).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn a_code_used_twice_gives_nothing_and_ends_the_session_of_its_first_use() {
    let (world, _database) = demo().await;
    let portal = Portal::discover(&world).await;
    let begun = portal.begin().await;
    let code = portal.choose(&begun, "noor").await;
    let verifier = PkceCodeVerifier::new(begun.verifier.secret().clone());
    let first = portal.exchange(code.clone(), begun.verifier).await.unwrap();

    assert_eq!(portal.exchange(code, verifier).await.unwrap_err(), "invalid_grant");
    assert_eq!(portal.refresh(first.refresh_token().unwrap()).await.unwrap_err(), "invalid_grant");
}

#[tokio::test]
async fn a_code_is_worth_nothing_after_a_minute() {
    let (world, _database) = demo().await;
    let portal = Portal::discover(&world).await;
    let begun = portal.begin().await;
    let code = portal.choose(&begun, "noor").await;
    world.clock.advance(chrono::TimeDelta::seconds(60));
    assert_eq!(portal.exchange(code, begun.verifier).await.unwrap_err(), "invalid_grant");
}

#[tokio::test]
async fn a_stolen_code_is_worth_nothing_without_the_verifier() {
    let (world, _database) = demo().await;
    let portal = Portal::discover(&world).await;
    let begun = portal.begin().await;
    let code = portal.choose(&begun, "noor").await;
    let (_, other_verifier) = PkceCodeChallenge::new_random_sha256();
    assert_eq!(portal.exchange(code.clone(), other_verifier).await.unwrap_err(), "invalid_grant");
    assert_eq!(portal.exchange(code, begun.verifier).await.unwrap_err(), "invalid_grant", "a failed use is a use");
}

#[tokio::test]
async fn a_session_is_refreshed_and_sign_out_ends_it() {
    let (world, _database) = demo().await;
    let portal = Portal::discover(&world).await;
    let first = portal.sign_in("noor").await;
    world.clock.advance(chrono::TimeDelta::minutes(6));
    assert!(world.verifier(AUDIENCE_PLATFORM).verify(first.access_token().secret()).await.is_err(), "tokens are short-lived");

    let second = portal.refresh(first.refresh_token().unwrap()).await.unwrap();
    world.verifier(AUDIENCE_PLATFORM).verify(second.access_token().secret()).await.unwrap();

    let hint = first.id_token().unwrap().to_string();
    let home = format!("{}/", world.url);
    let query = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", &home), ("state", "s")];
    let back = location(world.http.get(format!("{}/end-session", world.issuer())).query(&query).send().await.unwrap());
    assert_eq!(back.as_str(), format!("{home}?state=s"));
    assert_eq!(portal.refresh(second.refresh_token().unwrap()).await.unwrap_err(), "invalid_grant");
}

#[tokio::test]
async fn sign_out_sends_nobody_elsewhere() {
    let (world, _database) = demo().await;
    let query = [("post_logout_redirect_uri", "https://example.org/")];
    let answer = world.http.get(format!("{}/end-session", world.issuer())).query(&query).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_choice_that_comes_too_late_begins_anew_at_the_portal() {
    let (world, _database) = demo().await;
    let portal = Portal::discover(&world).await;
    let begun = portal.begin().await;
    world.clock.advance(chrono::TimeDelta::minutes(10));
    let form = [("request", parameter(&begun.page, "request").unwrap()), ("persona", "noor".to_owned())];
    let answer = world.http.post(format!("{}/authorize/continue", world.issuer())).form(&form).send().await.unwrap();
    assert_eq!(location(answer).as_str(), format!("{}/", world.url));
}
