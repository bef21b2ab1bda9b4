//! A running identity, with schools, people and a log.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use auth::{AuthConfig, Function, Principal, Subject, Verifier};
use chrono::{DateTime, Utc};
use events::{Envelope, TailFrom, Topic};
use futures::stream;
use proto::identity::v1::{
    EnrolGatewayRequest, EnrolGatewayResponse, ImportFormat, ImportOrganisationsRequest, ImportReport, ListSchoolsRequest, School,
    access_service_client::AccessServiceClient, appointment_service_client::AppointmentServiceClient,
    contact_service_client::ContactServiceClient, enrolment_service_client::EnrolmentServiceClient,
    erasure_service_client::ErasureServiceClient, gateway_service_client::GatewayServiceClient,
    history_service_client::HistoryServiceClient, import_organisations_response::Update,
    invitation_service_client::InvitationServiceClient, organisation_service_client::OrganisationServiceClient,
    session_service_client::SessionServiceClient, sign_in_service_client::SignInServiceClient, vendor_service_client::VendorServiceClient,
};
use runtime::{
    Clock, ManualClock, SchoolId, StartError,
    config::Secret,
    listener::{Limits, Listener},
};
use schildwacht_identity::{Config, DomainProofConfig, GatewayBounds, IssuerConfig, KeycloakConfig, Service, Surroundings};
use sea_orm::{ConnectionTrait as _, Statement};
use storage::Database;
use tempfile::TempDir;
use testkit::{TestDatabase, TestIssuer, TestLog, TestProcess, person};
use tonic::{
    Request, Status,
    transport::{Channel, Endpoint},
};

use crate::name_server::Zone;

/// Two schools of one board, one with two sites.
pub const TWO_SCHOOLS: &str = "\
board_number;board_name;board_kind;institution_number;school_name;school_municipality;site_number;site_name;street;postal_code;municipality
990010;Vzw Vaart;free;990101;Basisschool De Zandloper;Aalter;1;Dorp;Zandloperstraat 12;9880;Aalter
990010;Vzw Vaart;free;990101;Basisschool De Zandloper;Aalter;2;Wijk;;9880;Aalter
990010;Vzw Vaart;free;990102;Basisschool De Vuurvogel;Lier;1;;;2500;Lier
";

/// A running identity.
pub struct World {
    /// `http://127.0.0.1:<port>`.
    pub url: String,
    /// Where its portal is, as it is told.
    pub portal: String,
    /// Gives tokens to whomever a test names.
    pub people: TestIssuer,
    /// Stands still until it is moved.
    pub clock: ManualClock,
    /// Its tables.
    pub database: Database,
    /// Its data folder.
    pub data_dir: Arc<TempDir>,
    /// Follows no redirect.
    pub http: reqwest::Client,
    /// Where domains are looked up.
    pub zone: Zone,
    log: TestLog,
    process: TestProcess,
}

/// What a test may ask for beyond the ordinary.
#[derive(Clone)]
pub struct Setup {
    /// With the fictional schools.
    pub demo_data: bool,
    /// As if the process listened here.
    pub listen: Option<SocketAddr>,
    /// As if the issuer were there.
    pub issuer: Option<String>,
    /// Keycloak is the issuer, not the development issuer.
    pub keycloak: Option<KeycloakConfig>,
    /// The data folder of an earlier run.
    pub data_dir: Option<Arc<TempDir>>,
    /// As if the portal were there; else where identity itself is.
    pub portal: Option<String>,
}

/// Few enough for a test to reach.
pub const BOUNDS: GatewayBounds = GatewayBounds { gateways_of_a_school: 6, enrolments_of_a_school_per_day: 8 };

impl Setup {
    pub const fn ordinary() -> Self {
        Self { demo_data: false, listen: None, issuer: None, keycloak: None, data_dir: None, portal: None }
    }

    pub const fn demo() -> Self {
        Self { demo_data: true, listen: None, issuer: None, keycloak: None, data_dir: None, portal: None }
    }
}

impl World {
    pub async fn start(database: &TestDatabase) -> Self {
        Self::start_with(database, Setup::ordinary()).await.unwrap()
    }

    /// On SQLite, for what has nothing to do with the store.
    pub async fn start_on_sqlite(setup: Setup) -> (Self, TestDatabase) {
        let database = TestDatabase::new(testkit::Store::Sqlite).await.unwrap();
        let world = Self::start_with(&database, setup).await.unwrap();
        (world, database)
    }

    pub async fn start_with(database: &TestDatabase, setup: Setup) -> Result<Self, StartError> {
        runtime::install_tls_provider();
        let clock = ManualClock::at("2026-11-24T09:00:00Z".parse().unwrap());
        let data_dir = setup.data_dir.unwrap_or_else(|| Arc::new(TempDir::new().unwrap()));
        let people = TestIssuer::start(clock.clone().into()).await;
        let process = TestProcess::at(clock.clone());
        let log = TestLog::beside(database, &Topic::all()).await;
        let database = database.migrated(schildwacht_identity::migrations()).await;
        let (zone, name_server) = Zone::serve(&process).await;
        let listener = Listener::bind("test", SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let url = format!("http://{}", listener.address());
        let portal = setup.portal.unwrap_or_else(|| url.clone());
        let none = KeycloakConfig { admin_url: String::new(), client_id: String::new(), client_secret: Secret::new("") };
        let parts = testkit::parts(&database, &log, &people);
        let operators_door = testkit::operators_door(&parts);
        let service = Service {
            config: Config {
                database: storage::DatabaseConfig::sqlite(Path::new("not-used-here")),
                issuer: IssuerConfig { embedded: setup.keycloak.is_none(), services: vec!["network-monitor".to_owned()] },
                keycloak: setup.keycloak.unwrap_or(none),
                demo_data: setup.demo_data,
                bounds: BOUNDS,
                domain_proof: DomainProofConfig { name_servers: vec![name_server] },
            },
            surroundings: Surroundings {
                listen: setup.listen.unwrap_or(listener.address()),
                issuer: setup.issuer.unwrap_or_else(|| format!("{url}/issuer")).parse().unwrap(),
                portal: portal.parse().unwrap(),
                sensors: Some("https://ingest.schildwacht.example/".parse().unwrap()),
                // None, so that this machine is one address.
                proxies: Vec::new(),
                data_dir: data_dir.path().to_owned(),
                content: content::Settings::default(),
            },
            parts,
        };
        let routes = service.build(&process).await?;
        let router = routes.grpc.merge(routes.http).merge(operators_door);
        let limits = Limits { drain: Duration::from_secs(1), ..Limits::default() };
        process.tasks.spawn("listener", listener.serve(router, limits, process.tasks.shutdown()));
        let http = testkit::http_client();
        Ok(Self { url, portal, people, clock, database, data_dir, http, zone, log, process })
    }

    /// Stops everything; what is left is in the data folder and the database.
    pub async fn stop(self) -> Arc<TempDir> {
        self.process.tasks.shutdown().request();
        self.process.tasks.drain(Duration::from_secs(10)).await.unwrap();
        self.log.close().await;
        self.database.close().await.unwrap();
        self.data_dir
    }

    pub fn issuer(&self) -> String {
        format!("{}/issuer", self.url)
    }

    pub fn channel(&self) -> Channel {
        Endpoint::from_shared(self.url.clone()).unwrap().connect_lazy()
    }

    pub fn contacts(&self) -> ContactServiceClient<Channel> {
        ContactServiceClient::new(self.channel())
    }

    pub fn vendors(&self) -> VendorServiceClient<Channel> {
        VendorServiceClient::new(self.channel())
    }

    pub fn enrolments(&self) -> EnrolmentServiceClient<Channel> {
        EnrolmentServiceClient::new(self.channel())
    }

    pub fn erasures(&self) -> ErasureServiceClient<Channel> {
        ErasureServiceClient::new(self.channel())
    }

    pub fn access(&self) -> AccessServiceClient<Channel> {
        AccessServiceClient::new(self.channel())
    }

    pub fn appointments(&self) -> AppointmentServiceClient<Channel> {
        AppointmentServiceClient::new(self.channel())
    }

    pub fn invitations(&self) -> InvitationServiceClient<Channel> {
        InvitationServiceClient::new(self.channel())
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        Clock::from(self.clock.clone()).now()
    }

    /// What was in the links of the mails so far, oldest first.
    pub async fn links(&self) -> Vec<String> {
        let question = Statement::from_string(self.database.backend(), "SELECT text FROM mail ORDER BY mail_id");
        let rows = self.database.reader().query_all_raw(question).await.unwrap();
        let texts = rows.iter().map(|row| row.try_get::<String>("", "text").unwrap());
        texts.map(|text| text.split("uitnodiging/").nth(1).unwrap().lines().next().unwrap().to_owned()).collect()
    }

    pub fn gateways(&self) -> GatewayServiceClient<Channel> {
        GatewayServiceClient::new(self.channel())
    }

    pub fn history(&self) -> HistoryServiceClient<Channel> {
        HistoryServiceClient::new(self.channel())
    }

    pub fn sign_in(&self) -> SignInServiceClient<Channel> {
        SignInServiceClient::new(self.channel())
    }

    pub fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.channel())
    }

    pub fn organisations(&self) -> OrganisationServiceClient<Channel> {
        OrganisationServiceClient::new(self.channel())
    }

    pub fn by<T>(&self, who: &Principal, message: T) -> Request<T> {
        self.people.request(who, message)
    }

    /// The real verifier of tokens that the embedded issuer gives.
    pub fn verifier(&self, audience: &'static str) -> Verifier {
        Verifier::new(&AuthConfig { issuer: self.issuer() }, audience, Clock::from(self.clock.clone())).unwrap()
    }

    /// Sends a file in pieces; returns what was said while it was read, and the report.
    pub async fn import(
        &self,
        who: &Principal,
        format: ImportFormat,
        file: &str,
        validate_only: bool,
    ) -> Result<(Vec<String>, ImportReport), Status> {
        let first = ImportOrganisationsRequest { format: format.into(), validate_only, chunk: Vec::new() };
        let pieces: Vec<_> = std::iter::once(first)
            .chain(file.as_bytes().chunks(100).map(|chunk| ImportOrganisationsRequest { chunk: chunk.to_vec(), ..Default::default() }))
            .collect();
        let mut answers = self.organisations().import_organisations(self.by(who, stream::iter(pieces))).await?.into_inner();
        let mut phases = Vec::new();
        loop {
            match answers.message().await?.and_then(|answer| answer.update) {
                Some(Update::Progress(progress)) => phases.push(progress.phase),
                Some(Update::Report(report)) => {
                    assert!(answers.message().await?.is_none(), "the report ends the stream");
                    return Ok((phases, report));
                }
                None => panic!("the stream ended without a report"),
            }
        }
    }

    /// The two schools, by name: De Vuurvogel, then De Zandloper.
    pub async fn with_two_schools(&self) -> (School, School) {
        let (_, report) = self.import(&operator(), ImportFormat::Csv, TWO_SCHOOLS, false).await.unwrap();
        assert!(report.imported, "{report:?}");
        let request = self.by(&operator(), ListSchoolsRequest::default());
        let mut schools = self.organisations().list_schools(request).await.unwrap().into_inner().schools;
        let zandloper = schools.pop().unwrap();
        (schools.pop().unwrap(), zandloper)
    }

    pub async fn enrol(&self, who: &Principal, school: &School) -> EnrolGatewayResponse {
        let request = EnrolGatewayRequest { school_id: school.school_id.clone(), name: "kelder".to_owned(), ..Default::default() };
        self.gateways().enrol_gateway(self.by(who, request)).await.unwrap().into_inner()
    }

    /// Asks the embedded issuer for a token.
    pub async fn ask_for_token(&self, form: &[(&str, &str)]) -> (reqwest::StatusCode, serde_json::Value) {
        let answer = self.http.post(format!("{}/token", self.issuer())).form(form).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Asks for a token with client credentials: the token, or the error.
    pub async fn token_of_client(&self, id: &str, secret: &str) -> Result<String, String> {
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let (status, answer) = self.ask_for_token(&form).await;
        if status.is_success() {
            return Ok(answer["access_token"].as_str().unwrap().to_owned());
        }
        Err(answer["error"].as_str().unwrap().to_owned())
    }

    /// All events of a topic so far, at least this many.
    pub async fn events(&self, topic: Topic, at_least: usize) -> Vec<Envelope> {
        let mut tail = self.log.tail(topic, TailFrom::Start).await.unwrap();
        let mut envelopes = Vec::new();
        let deadline = std::time::Instant::now() + testkit::PATIENCE;
        while envelopes.len() < at_least {
            assert!(std::time::Instant::now() < deadline, "only {} of {at_least} events came", envelopes.len());
            let delivered = tail.next(100, Duration::from_millis(100)).await.unwrap();
            envelopes.extend(delivered.iter().map(|delivered| Envelope::from_record(&delivered.record).unwrap()));
        }
        envelopes
    }

    /// The last act that is no organisation's: who did what to what, and what is told of it.
    pub async fn last_act_of_the_platform(&self) -> [String; 4] {
        let question =
            "SELECT actor, action, resource, CAST(detail AS TEXT) AS detail FROM audit_log WHERE chain = 'platform' ORDER BY seq DESC";
        let question = Statement::from_string(self.database.backend(), question);
        let row = self.database.reader().query_one_raw(question).await.unwrap().unwrap();
        ["actor", "action", "resource", "detail"].map(|column| row.try_get("", column).unwrap())
    }

    /// Who did what at a school, oldest first.
    pub async fn acts_at(&self, school: &School) -> Vec<(String, String)> {
        let question = format!("SELECT actor, action FROM audit_log WHERE chain = 'school:{}' ORDER BY seq", school.school_id);
        let question = Statement::from_string(self.database.backend(), question);
        let rows = self.database.reader().query_all_raw(question).await.unwrap();
        rows.iter().map(|row| (row.try_get("", "actor").unwrap(), row.try_get("", "action").unwrap())).collect()
    }

    /// Every chain of the audit trail is whole.
    pub async fn assert_audit_trail_is_intact(&self) {
        let reports = storage::audit::examine(&self.database, &storage::audit::History::default(), None).await.unwrap();
        assert!(reports.iter().all(storage::audit::ChainReport::is_intact), "{reports:?}");
    }
}

pub fn operator() -> Principal {
    person(1, &[Function::Operator])
}

pub fn responder() -> Principal {
    person(4, &[Function::Responder])
}

pub fn director(school: &School) -> Principal {
    person(2, &[Function::Director(id_of(school))])
}

pub fn ict_coordinator(school: &School) -> Principal {
    person(3, &[Function::IctCoordinator(id_of(school))])
}

/// The gateway itself, as if its token had been given for the platform.
pub fn gateway(id: &str) -> Principal {
    Principal { subject: Subject::Gateway(id.parse().unwrap()), name: "gateway".to_owned(), functions: Vec::new() }
}

pub fn id_of(school: &School) -> SchoolId {
    school.school_id.parse().unwrap()
}
