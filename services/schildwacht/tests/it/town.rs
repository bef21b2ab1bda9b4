//! A running system with the fictional schools, imported as an operator would, and gateways that tests enrol.

use std::sync::{Arc, Weak};

use proto::identity::v1::{EnrolGatewayRequest, ListSchoolsRequest};
use runtime::{Clock, EventId, Ids};
use serde_json::Value;
use testkit::Child;

use crate::{people::Person, site::Site};

const SCHOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../content/demo/organisations.json");

/// The school of Els Vermeulen (director) and Karim Benali (ICT coordinator).
pub const ZANDLOPER: &str = "990101";

/// Where tests find the system that they share.
pub type Shared = tokio::sync::Mutex<Weak<Town>>;

/// A running system with schools.
#[derive(Debug)]
pub struct Town {
    pub site: Site,
    pub process: Child,
}

/// A school, and a gateway of its own for a test.
#[derive(Debug, Clone)]
pub struct School {
    pub id: String,
    pub name: String,
    pub gateway: Gateway,
}

#[derive(Debug, Clone)]
pub struct Gateway {
    pub id: String,
    pub client_id: String,
    pub secret: String,
}

impl Town {
    pub async fn open() -> Self {
        Self::open_on(Site::new()).await
    }

    pub async fn open_on(site: Site) -> Self {
        let process = site.serve().await;
        let said = site.operate(&["import", "--file", SCHOOLS]).await.ok();
        assert!(said.contains("8 schools"), "{said}");
        Self { site, process }
    }

    /// The one that tests share which keep to a school of their own.
    pub async fn shared() -> Arc<Self> {
        static SHARED: Shared = Shared::const_new(Weak::new());
        Self::shared_in(&SHARED).await
    }

    /// One for all who ask with the same place; it stops with the last of them.
    pub async fn shared_in(place: &Shared) -> Arc<Self> {
        let mut shared = place.lock().await;
        if let Some(town) = shared.upgrade() {
            return town;
        }
        let town = Arc::new(Self::open().await);
        *shared = Arc::downgrade(&town);
        town
    }

    /// The operator, as commands on this machine are.
    pub async fn operator(&self) -> Person {
        let secret = std::fs::read_to_string(self.site.data_dir().join("issuer/clients/schildwacht-cli.secret")).unwrap();
        Person::with_token(&self.site, self.machine_token("schildwacht-cli", secret.trim()).await.unwrap())
    }

    /// A school by its number, with a new gateway.
    pub async fn school(&self, number: &str) -> School {
        let operator = self.operator().await;
        let request = operator.asks(ListSchoolsRequest { query: number.to_owned(), ..Default::default() });
        let school = operator.organisations().list_schools(request).await.unwrap().into_inner().schools.remove(0);
        assert_eq!(school.institution_number, number);
        let request_id = Ids::random(Clock::system()).next::<EventId>().to_string();
        let name = "Gateway of a test".to_owned();
        let request = EnrolGatewayRequest { school_id: school.school_id.clone(), site_id: String::new(), name, request_id };
        let enrolled = operator.gateways().enrol_gateway(operator.asks(request)).await.unwrap().into_inner();
        let gateway = enrolled.gateway.unwrap();
        let gateway = Gateway { id: gateway.gateway_id, client_id: gateway.client_id, secret: enrolled.client_secret };
        let school = School { id: school.school_id, name: school.name, gateway };
        self.is_let_in(&school).await;
        school
    }

    /// Waits until telemetry-ingest has heard of a gateway.
    async fn is_let_in(&self, school: &School) {
        let sensor = self.sensor(school).await;
        testkit::eventually("the gateway to be let in", async || sensor.post(&[]).await.ok()).await;
    }

    /// The sensor of a school, with a token.
    pub async fn sensor(&self, school: &School) -> Sensor {
        let token = self.machine_token(&school.gateway.client_id, &school.gateway.secret).await.unwrap();
        Sensor { http: http(), url: self.site.url("/v1/events"), token }
    }

    /// Posts events as a school's gateway.
    pub async fn post(&self, school: &School, events: &[Value]) {
        self.sensor(school).await.post(events).await.unwrap();
    }

    /// A token by client credentials, or how the issuer refuses it.
    pub async fn machine_token(&self, client_id: &str, secret: &str) -> Result<String, String> {
        let form = [("grant_type", "client_credentials")];
        let request = http().post(self.site.url("/issuer/token")).basic_auth(client_id, Some(secret)).form(&form);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        match answer["access_token"].as_str() {
            Some(token) => Ok(token.to_owned()),
            None => Err(answer["error"].as_str().unwrap_or_default().to_owned()),
        }
    }
}

/// What posts events for a school.
#[derive(Debug, Clone)]
pub struct Sensor {
    http: reqwest::Client,
    url: String,
    pub token: String,
}

impl Sensor {
    /// The same, posting to another address.
    pub fn at(&self, url: String) -> Self {
        Self { url, ..self.clone() }
    }

    /// Posts events; how it was refused otherwise, 0 when nobody answered.
    pub async fn post(&self, events: &[Value]) -> Result<(), u16> {
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        self.post_text(lines).await
    }

    /// Posts lines as they are.
    pub async fn post_text(&self, lines: String) -> Result<(), u16> {
        let request = self.request().body(lines);
        let answer = request.send().await.map_err(|_nobody| 0_u16)?;
        // An answer that breaks off is none.
        let status = answer.status();
        answer.bytes().await.map_err(|_broken| 0_u16)?;
        if status.is_success() { Ok(()) } else { Err(status.as_u16()) }
    }

    /// A request that still needs its body.
    pub fn request(&self) -> reqwest::RequestBuilder {
        self.http.post(&self.url).bearer_auth(&self.token).header("content-type", "application/x-ndjson")
    }
}

/// A client that keeps to the address it is given.
pub fn http() -> reqwest::Client {
    runtime::install_tls_provider();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}
