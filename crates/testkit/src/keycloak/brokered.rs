//! The project's realm with two others of the same Keycloak that stand in for the identity providers it knows.

use std::collections::BTreeMap;

use auth::Policies;
use runtime::Clock;
use serde_json::{Value, json};

use super::{PORTAL, REALM, Realm};

/// How the stand-in for ACM signs people in: by password, and by a code beside it.
const METHODS: [(&str, u8); 2] = [("urn:be:vlaanderen:authmech:csampassword", 1), ("urn:be:vlaanderen:authmech:itsme", 2)];
/// Of all others: too high to be reached. Keycloak takes one that it does not know for the lowest, and would ask for that.
const OUT_OF_REACH: u8 = 9;

/// The level of each method of the content, at the stand-in for ACM.
fn levels() -> String {
    let policies = Policies::load().expect("policies");
    let methods = policies.sign_in_policy(Clock::system().now()).expect("a version of today").body.methods();
    let level = |acr: &str| METHODS.iter().find(|(its, _)| *its == acr).map_or(OUT_OF_REACH, |(_, level)| *level);
    let levels: BTreeMap<&str, u8> = methods.keys().map(|acr| (acr.as_str(), level(acr))).collect();
    json!(levels).to_string()
}

/// What is known of the stand-ins' people: any attribute that a test gives them.
fn profile() -> String {
    let permissions = json!({ "view": ["admin", "user"], "edit": ["admin", "user"] });
    let attributes = ["username", "email", "firstName", "lastName"].map(|name| json!({ "name": name, "permissions": permissions }));
    json!({ "attributes": attributes, "unmanagedAttributePolicy": "ENABLED" }).to_string()
}

/// The realm, and who signs people in for it.
#[derive(Debug)]
pub struct Brokered {
    /// The project's, with both providers enabled.
    pub realm: Realm,
    /// Stands in for ACM: a password, and a code where more is asked for.
    pub acm: Realm,
    /// Stands in for LeerID: a password.
    pub leerid: Realm,
}

impl Brokered {
    /// Imports all three, for pages at this address; `None`, with a printed reason, where there is no Keycloak.
    pub async fn import(public_url: &str) -> Option<Self> {
        if !crate::skipping::has_servers() {
            return None;
        }
        let address = std::env::var(servers::keycloak::SERVER.variable).expect("asked above");
        let [realm, acm, leerid] = [(); 3].map(|()| Realm::named(&address, public_url));
        acm.create(&acm.standing_in("acm", &realm)).await;
        leerid.create(&leerid.standing_in("leerid", &realm)).await;
        let mut body = realm.body();
        for provider in body["identityProviders"].as_array_mut().expect("a list of providers") {
            let stand_in = if provider["alias"] == "acm" { &acm } else { &leerid };
            stand_in.fill_in(provider);
        }
        realm.create(&body).await;
        Some(Self { realm, acm, leerid })
    }
}

impl Realm {
    /// A realm that signs people in for another, and says all it knows of them.
    fn standing_in(&self, alias: &str, other: &Self) -> Value {
        let project: Value = serde_json::from_str(REALM).expect("the realm is JSON");
        let told = ["vo_doelgroepcode", "vo_orgcode", "schildwacht_rol_3d", "leerid_rol", "email"];
        let mut body = json!({
            "realm": self.name, "enabled": true, "sslRequired": "external", "defaultSignatureAlgorithm": "ES256",
            "components": {
                "org.keycloak.keys.KeyProvider": project["components"]["org.keycloak.keys.KeyProvider"],
                "org.keycloak.userprofile.UserProfileProvider":
                    [{ "providerId": "declarative-user-profile", "config": { "kc.user.profile.config": [profile()] } }],
            },
            "clients": [{
                "clientId": PORTAL, "secret": self.secret, "redirectUris": [format!("{}/broker/{alias}/endpoint", other.issuer())],
                "attributes": {
                    "pkce.code.challenge.method": "S256",
                    "backchannel.logout.url": other.endpoint("logout/backchannel-logout"),
                    "backchannel.logout.session.required": "true",
                },
                "protocolMappers": told.map(|claim| json!({
                    "name": claim, "protocol": "openid-connect", "protocolMapper": "oidc-usermodel-attribute-mapper",
                    "config": {
                        "user.attribute": claim, "claim.name": claim, "jsonType.label": "String", "id.token.claim": "true",
                        "multivalued": (claim == "schildwacht_rol_3d").to_string(),
                    },
                })),
            }],
        });
        if alias == "acm" {
            body["attributes"] = json!({ "acr.loa.map": levels() });
            for part in ["browserFlow", "authenticationFlows", "authenticatorConfig"] {
                body[part] = project[part].clone();
            }
        }
        body
    }

    /// Has a provider of another realm be this one.
    fn fill_in(&self, provider: &mut Value) {
        provider["enabled"] = json!(true);
        let config = &mut provider["config"];
        config["issuer"] = json!(self.issuer());
        for (address, name) in [("authorizationUrl", "auth"), ("tokenUrl", "token"), ("jwksUrl", "certs"), ("logoutUrl", "logout")] {
            config[address] = json!(self.endpoint(name));
        }
        config["clientId"] = json!(PORTAL);
        config["clientSecret"] = json!(self.secret);
        // Of ACM's own scopes the stand-in knows none; it says everything at once.
        config["defaultScope"] = json!("openid profile");
    }
}
