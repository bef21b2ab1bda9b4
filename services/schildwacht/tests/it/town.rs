//! A running system with the fictional schools, imported as an operator would, and gateways that tests enrol.
//!
//! A test written with [`in_both_columns`](crate::in_both_columns) runs in a town of one process, with everything embedded, and in
//! one of many, with real servers.

use std::{
    path::PathBuf,
    sync::{Arc, Weak},
};

use proto::identity::v1::{EnrolGatewayRequest, ListSchoolsRequest};
use runtime::{Clock, EventId, Ids};
use serde_json::Value;
use testkit::{Child, http_client};

use crate::{
    estate::{Estate, Name},
    people::Person,
    site::{Outcome, Site},
};

const SCHOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../content/demo/organisations.json");

/// The school of Els Vermeulen (director) and Karim Benali (ICT coordinator).
pub const ZANDLOPER: &str = "990101";

/// Where tests find the system that they share.
pub type Shared = tokio::sync::Mutex<Weak<Town>>;

/// A running system with schools.
#[derive(Debug)]
pub struct Town {
    /// Where it is reached.
    pub site: Site,
    /// The process that serves everything; in production the portal's.
    pub process: Child,
    /// The processes of production, if it is that.
    pub estate: Option<Estate>,
}

/// Writes a test once and runs it in a shared town of each mode.
#[macro_export]
macro_rules! in_both_columns {
    ($($(#[$attribute:meta])* async fn $name:ident($town:ident: Arc<Town>) $body:block)+) => {$(
        $(#[$attribute])*
        async fn $name($town: std::sync::Arc<$crate::town::Town>) $body

        mod $name {
            #[tokio::test]
            async fn embedded() {
                super::$name($crate::town::Town::shared().await).await;
            }

            #[tokio::test]
            async fn production() {
                if let Some(town) = $crate::town::Town::shared_in_production().await {
                    super::$name(town).await;
                }
            }
        }
    )+};
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
        let site = site.with_room();
        let process = site.serve().await;
        Self { site, process, estate: None }.with_schools().await
    }

    /// Each service in processes of its own, with real servers; `None` where there are none.
    pub async fn open_in_production() -> Option<Self> {
        Self::open_in_production_with(&[]).await
    }

    /// The same, with these settings too.
    pub async fn open_in_production_with(settings: &[(String, String)]) -> Option<Self> {
        let mut estate = Estate::open(settings).await?;
        let process = estate.take_portal();
        let address = estate.front.address();
        let ingest = &estate.of(Name::TelemetryIngest).next().unwrap().site;
        let site = Site::new().with_ports_of(ingest).behind(address);
        let town = Self { site, process, estate: Some(estate) };
        Some(town.with_schools().await)
    }

    async fn with_schools(self) -> Self {
        let said = self.operate(&["import", "--file", SCHOOLS]).await.ok();
        assert!(said.contains("8 schools"), "{said}");
        self
    }

    /// The one of many processes that tests share.
    pub async fn shared_in_production() -> Option<Arc<Self>> {
        static SHARED: Shared = Shared::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(town) = shared.upgrade() {
            return Some(town);
        }
        let town = Arc::new(Self::open_in_production().await?);
        *shared = Arc::downgrade(&town);
        Some(town)
    }

    /// Where each process keeps its state and shows its metrics.
    pub fn sites(&self) -> impl Iterator<Item = &Site> {
        let replicas = self.estate.iter().flat_map(|estate| &estate.replicas);
        let sites: Vec<&Site> = replicas.map(|replica| &replica.site).collect();
        if sites.is_empty() { vec![&self.site].into_iter() } else { sites.into_iter() }
    }

    /// Kills the process that listens on the sensors' ports.
    pub async fn kill_ingest(&mut self) {
        let process = match &mut self.estate {
            Some(estate) => &mut estate.of(Name::TelemetryIngest).next().unwrap().process,
            None => &mut self.process,
        };
        process.kill();
        process.end().await;
    }

    /// Starts it again.
    pub async fn start_ingest(&mut self) {
        match &mut self.estate {
            Some(estate) => {
                let replica = estate.of(Name::TelemetryIngest).next().unwrap();
                replica.process = replica.site.until_ready(replica.site.start(&[replica.name.command()])).await;
            }
            None => self.process = self.site.serve().await,
        }
    }

    /// Where machines ask for tokens.
    pub fn token_url(&self) -> String {
        let path = if self.estate.is_some() { "protocol/openid-connect/token" } else { "token" };
        format!("{}/{path}", self.issuer())
    }

    /// Where tokens come from.
    pub fn issuer(&self) -> String {
        self.estate.as_ref().map_or_else(|| self.site.url("/issuer"), |estate| estate.realm.issuer())
    }

    /// Runs a command of the operator's.
    pub async fn operate(&self, arguments: &[&str]) -> Outcome {
        let Some(estate) = &self.estate else { return self.site.operate(arguments).await };
        let secret = self.site.file("operator.secret", estate.realm.secret()).display().to_string();
        let access = ["--issuer", &estate.realm.issuer(), "--client-id", "schildwacht-cli", "--secret-file", &secret];
        self.site.operate(&[arguments, &access].concat()).await
    }

    /// Where mail is put as files.
    pub fn mail_folder(&self) -> PathBuf {
        self.estate.as_ref().map_or_else(|| self.site.data_dir().join("mail"), |estate| estate.mail.path().to_owned())
    }

    /// Signs in as one of the demo's people: Noor of the response team, Bram of the platform team, Els and Karim of De Zandloper.
    pub async fn sign_in(&self, persona: &str) -> Person {
        let Some(estate) = &self.estate else { return Person::sign_in(&self.site, persona).await };
        let function = match persona {
            "noor" => "responder".to_owned(),
            "bram" => "operator".to_owned(),
            "els" => format!("director@{}", self.school_id(ZANDLOPER).await),
            "karim" => format!("ict_coordinator@{}", self.school_id(ZANDLOPER).await),
            other => panic!("{other} has no account"),
        };
        let account = estate.realm.add_account(&[&function]).await;
        Person::with_token(&self.site, estate.realm.sign_in(&account).await)
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
        let secret = match &self.estate {
            Some(estate) => estate.realm.secret().to_owned(),
            None => std::fs::read_to_string(self.site.data_dir().join("issuer/clients/schildwacht-cli.secret")).unwrap(),
        };
        Person::with_token(&self.site, self.machine_token("schildwacht-cli", secret.trim()).await.unwrap())
    }

    /// A school by its number, with a new gateway.
    pub async fn school(&self, number: &str) -> School {
        let operator = self.operator().await;
        let school = find_school(&operator, number).await;
        let request_id = Ids::random(Clock::system()).next::<EventId>().to_string();
        let name = "Gateway of a test".to_owned();
        let request = EnrolGatewayRequest { school_id: school.school_id.clone(), name, request_id, ..Default::default() };
        let enrolled = operator.gateways().enrol_gateway(operator.asks(request)).await.unwrap().into_inner();
        let gateway = enrolled.gateway.unwrap();
        let gateway = Gateway { id: gateway.gateway_id, client_id: gateway.client_id, secret: enrolled.client_secret };
        let school = School { id: school.school_id, name: school.name, gateway };
        self.is_let_in(&school).await;
        school
    }

    /// Waits until every telemetry-ingest has heard of a gateway.
    async fn is_let_in(&self, school: &School) {
        let sensor = self.sensor(school).await;
        let mut doors = vec![self.site.url("/v1/events")];
        let replicas = self.estate.iter().flat_map(|estate| &estate.replicas);
        doors.extend(replicas.filter(|replica| replica.name == Name::TelemetryIngest).map(|replica| replica.site.url("/v1/events")));
        for door in doors {
            let sensor = sensor.at(door);
            testkit::eventually("the gateway to be let in", async || sensor.post(&[]).await.ok()).await;
        }
    }

    async fn school_id(&self, number: &str) -> String {
        find_school(&self.operator().await, number).await.school_id
    }

    /// The sensor of a school, with a token.
    pub async fn sensor(&self, school: &School) -> Sensor {
        let token = self.machine_token(&school.gateway.client_id, &school.gateway.secret).await.unwrap();
        Sensor { http: http_client(), url: self.site.url("/v1/events"), token }
    }

    /// Posts events as a school's gateway.
    pub async fn post(&self, school: &School, events: &[Value]) {
        self.sensor(school).await.post(events).await.unwrap();
    }

    /// A token by client credentials, or how the issuer refuses it.
    pub async fn machine_token(&self, client_id: &str, secret: &str) -> Result<String, String> {
        if let Some(estate) = &self.estate {
            return estate.realm.machine_token(client_id, secret).await;
        }
        let form = [("grant_type", "client_credentials")];
        let request = http_client().post(self.site.url("/issuer/token")).basic_auth(client_id, Some(secret)).form(&form);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        match answer["access_token"].as_str() {
            Some(token) => Ok(token.to_owned()),
            None => Err(answer["error"].as_str().unwrap_or_default().to_owned()),
        }
    }
}

async fn find_school(operator: &Person, number: &str) -> proto::identity::v1::School {
    let request = operator.asks(ListSchoolsRequest { query: number.to_owned(), ..Default::default() });
    let school = operator.organisations().list_schools(request).await.unwrap().into_inner().schools.remove(0);
    assert_eq!(school.institution_number, number);
    school
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
