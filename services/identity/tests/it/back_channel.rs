//! The development issuer tells the portal that a session has ended, as Keycloak does.

use std::collections::HashMap;

use auth::{AUDIENCE_PLATFORM, Ended, Logout};
use axum::{Form, Router, routing::post};
use openidconnect::{OAuth2TokenResponse as _, TokenResponse as _};
use schildwacht_identity::issuer::{
    PORTAL_BACK_CHANNEL,
    client::{COMMAND_LINE, PORTAL},
    client_secret_file,
};
use testkit::{Running, TestDatabase};
use tokio::sync::mpsc::{Receiver, channel};

use crate::{
    sign_in::Portal,
    world::{Setup, World},
};

/// An identity, and a portal that only listens.
struct Town {
    world: World,
    told: Receiver<String>,
    _portal: Running,
    _database: TestDatabase,
}

impl Town {
    async fn new() -> Self {
        let (tell, told) = channel(8);
        let hear = move |Form(form): Form<HashMap<String, String>>| {
            let tell = tell.clone();
            async move { tell.send(form["logout_token"].clone()).await.unwrap() }
        };
        let portal = Running::start(Router::new().route(PORTAL_BACK_CHANNEL, post(hear))).await;
        let (world, database) = World::start_on_sqlite(Setup { portal: Some(portal.url()), ..Setup::demo() }).await;
        Self { world, told, _portal: portal, _database: database }
    }

    /// What the portal was told, if it may believe it.
    async fn was_told(&mut self) -> Logout {
        let token = self.told.recv().await.unwrap();
        self.world.verifier(AUDIENCE_PLATFORM).verify_logout(&token, PORTAL).await.unwrap()
    }

    async fn end_session(&self, id_token: &str) {
        let query = [("id_token_hint", id_token)];
        let answer = self.world.http.get(format!("{}/end-session", self.world.issuer())).query(&query).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    async fn revoke(&self, client: &str, token: &str) -> u16 {
        let secret = std::fs::read_to_string(client_secret_file(self.world.data_dir.path(), client)).unwrap();
        let request = self.world.http.post(format!("{}/revoke", self.world.issuer())).basic_auth(client, Some(secret));
        request.form(&[("token", token)]).send().await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn the_portal_hears_whose_session_was_signed_out() {
    let mut town = Town::new().await;
    let portal = Portal::discover(&town.world).await;
    let tokens = portal.sign_in("noor").await;
    let person = town.world.verifier(AUDIENCE_PLATFORM).verify(tokens.access_token().secret()).await.unwrap();
    let person = person.principal.person_id().unwrap().to_string();
    town.end_session(&tokens.id_token().unwrap().to_string()).await;
    let first = town.was_told().await;
    assert!(matches!(&first.ended, Ended::Session { subject: Some(subject), .. } if *subject == person), "{first:?}");

    let tokens = Portal::discover(&town.world).await.sign_in("noor").await;
    town.end_session(&tokens.id_token().unwrap().to_string()).await;
    let second = town.was_told().await;
    assert!(first.id != second.id && first.ended != second.ended, "{first:?}, {second:?}");
}

#[tokio::test]
async fn the_portal_hears_of_a_session_that_ended_because_a_token_was_used_twice() {
    let mut town = Town::new().await;
    let portal = Portal::discover(&town.world).await;
    let first = portal.sign_in("noor").await;
    portal.refresh(first.refresh_token().unwrap()).await.unwrap();
    portal.refresh(first.refresh_token().unwrap()).await.unwrap_err();
    assert!(matches!(town.was_told().await.ended, Ended::Session { .. }));
}

#[tokio::test]
async fn a_refresh_token_that_its_client_gives_up_ends_the_session() {
    let town = Town::new().await;
    let portal = Portal::discover(&town.world).await;
    let tokens = portal.sign_in("noor").await;
    let token = tokens.refresh_token().unwrap();
    assert_eq!(town.revoke(COMMAND_LINE, token.secret()).await, 200, "of another client: nothing is told, and nothing ends");
    let tokens = portal.refresh(token).await.unwrap();
    let token = tokens.refresh_token().unwrap();
    assert_eq!(town.revoke(PORTAL, token.secret()).await, 200);
    assert_eq!(portal.refresh(token).await.unwrap_err(), "invalid_grant");
    assert_eq!(town.revoke(PORTAL, "made up").await, 200);
    let request = town.world.http.post(format!("{}/revoke", town.world.issuer())).form(&[("token", "x"), ("client_id", PORTAL)]);
    assert_eq!(request.send().await.unwrap().status(), 401, "without the client's secret");
}

#[tokio::test]
async fn a_portal_that_does_not_answer_keeps_nobody_from_signing_out() {
    let (world, _database) = World::start_on_sqlite(Setup { portal: Some("http://127.0.0.1:9".to_owned()), ..Setup::demo() }).await;
    let portal = Portal::discover(&world).await;
    let tokens = portal.sign_in("noor").await;
    let query = [("id_token_hint", tokens.id_token().unwrap().to_string())];
    let answer = world.http.get(format!("{}/end-session", world.issuer())).query(&query).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(portal.refresh(tokens.refresh_token().unwrap()).await.unwrap_err(), "invalid_grant");
}
