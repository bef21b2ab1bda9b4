//! Who was erased is in no table: a person comes to be known by real use of all services, is erased, and every column of every table is searched.

use std::{collections::BTreeSet, path::Path, time::Duration};

use auth::{Function, Principal};
use events::{Record, Topic};
use incident_intake::CaseTexts;
use proto::{
    identity::v1::{
        AcceptInvitationRequest, AgreeErasureRequest, CreateInvitationRequest, Erasure, ImportFormat, ImportOrganisationsRequest,
        ListSchoolsRequest, ProposeErasureRequest, School, erasure_service_client::ErasureServiceClient,
        invitation_service_client::InvitationServiceClient, organisation_service_client::OrganisationServiceClient,
    },
    incident_intake::v1::{
        AddCaseNoteRequest, AssignCaseRequest, Case, CloseCaseRequest, CloseReason, GetCaseRequest, ListCasesRequest,
        case_service_client::CaseServiceClient,
    },
    network_monitor::v1::{CreateSuppressionRequest, alert_service_client::AlertServiceClient},
    time::timestamp,
};
use runtime::{Clock, EventId, Ids, ManualClock, config::Secret};
use sea_orm::{ConnectionTrait as _, DatabaseBackend, Statement};
use storage::{Database, DatabaseConfig, Reach, audit, migrate::MigrationTrait};
use testkit::{Running, TestDatabase, TestIssuer, TestLog, TestProcess, eventually, on_both_stores};
use tonic::{Request, transport::Channel};

const SCHOOLS: &str = "\
board_number;board_name;board_kind;institution_number;school_name;school_municipality;site_number;site_name;street;postal_code;municipality
990010;Vzw Vaart;free;990101;Basisschool De Zandloper;Aalter;1;Dorp;Zandloperstraat 12;9880;Aalter
";
/// Part of the name and of both addresses.
const SURNAME: &str = "oosterlynck";
const EMAIL: &str = "noor.oosterlynck@schildwacht.example";

/// Where the name and the addresses come by the acts below. What else holds something of a person holds an id, or what people wrote.
const KNOWN: [&str; 17] = [
    "identity: appointment.sort_key",
    "identity: audit_actor.name",
    "identity: audit_actor.search_name",
    "identity: invitation.email",
    "identity: mail.to_address",
    "identity: person.email",
    "identity: person.name",
    "incident-intake: audit_actor.name",
    "incident-intake: audit_actor.search_name",
    "incident-intake: incident_case.assignee_name",
    "incident-intake: incident_case.closed_by_name",
    "incident-intake: person.name",
    "incident-intake: timeline_entry.actor_name",
    "incident-intake: timeline_entry.change",
    "network-monitor: audit_actor.name",
    "network-monitor: audit_actor.search_name",
    "network-monitor: suppression.creator",
];

/// The services, in this process.
struct World {
    clock: ManualClock,
    issuer: TestIssuer,
    log: TestLog,
    server: Running,
    databases: [(&'static str, Database); 3],
    _places: [TestDatabase; 2],
    _process: TestProcess,
}

impl World {
    async fn start(place: &TestDatabase) -> Self {
        runtime::install_tls_provider();
        let clock = ManualClock::at("2026-11-24T09:00:00Z".parse().unwrap());
        let process = TestProcess::at(clock.clone());
        let issuer = TestIssuer::start(clock.clone().into()).await;
        let log = TestLog::beside(place, &Topic::all()).await;
        let places = [TestDatabase::new(place.store()).await.unwrap(), TestDatabase::new(place.store()).await.unwrap()];
        let migrated = async |place: &TestDatabase, migrations: Vec<Box<dyn MigrationTrait>>| {
            // Not from the templates of tests, which know migrations by their names: services have some of the same name.
            place.empty().await;
            place.migrated(migrations).await
        };
        let databases = [
            // From a template, with which the role is made that services act as.
            ("identity", place.migrated(identity::migrations()).await),
            ("network-monitor", migrated(&places[0], network_monitor::migrations()).await),
            ("incident-intake", migrated(&places[1], incident_intake::migrations()).await),
        ];
        let parts = |at: usize| testkit::parts(&databases[at].1, &log, &issuer);
        let not_used = || DatabaseConfig::sqlite(Path::new("not-used-here"));
        let folder = tempfile::tempdir().unwrap();
        let identity = identity::Service {
            config: identity::Config {
                database: not_used(),
                issuer: identity::IssuerConfig { embedded: true, services: Vec::new() },
                keycloak: identity::KeycloakConfig { admin_url: String::new(), client_id: String::new(), client_secret: Secret::new("") },
                demo_data: false,
                bounds: identity::GatewayBounds { gateways_of_a_school: 5, enrolments_of_a_school_per_day: 5 },
                domain_proof: identity::DomainProofConfig { name_servers: vec![([127, 0, 0, 1], 9).into()] },
            },
            surroundings: identity::Surroundings {
                listen: ([127, 0, 0, 1], 0).into(),
                issuer: "http://127.0.0.1/issuer".parse().unwrap(),
                portal: "http://127.0.0.1/".parse().unwrap(),
                sensors: None,
                proxies: Vec::new(),
                data_dir: folder.path().to_owned(),
                content: content::Settings::default(),
            },
            parts: parts(0),
        };
        let network_monitor = network_monitor::Service {
            config: network_monitor::Config {
                database: not_used(),
                max_decoded_bytes: 32 << 20,
                max_batches: 50,
                max_events: 10_000,
                bounds: network_monitor::Bounds { devices: 1_000, new_devices_per_hour: 1_000, new_alerts_per_hour: 1_000 },
            },
            parts: parts(1),
        };
        let incident_intake = incident_intake::Service {
            config: incident_intake::Config {
                database: not_used(),
                max_batch: 100,
                new_cases_per_hour: 1_000,
                measure_every_seconds: 3_600,
                prune_every_seconds: 3_600,
            },
            content: content::Settings::default(),
            parts: parts(2),
        };
        let routes = identity.build(&process).await.unwrap().grpc.reset_fallback();
        let routes = routes.merge(network_monitor.build(&process).await.unwrap().reset_fallback());
        let server = Running::start(routes.merge(incident_intake.build(&process).await.unwrap())).await;
        Self { clock, issuer, log, server, databases, _places: places, _process: process }
    }

    fn by<T>(&self, who: &Principal, message: T) -> Request<T> {
        self.issuer.request(who, message)
    }

    fn channel(&self) -> Channel {
        self.server.channel()
    }

    async fn school(&self) -> School {
        let file = ImportOrganisationsRequest { format: ImportFormat::Csv.into(), validate_only: false, chunk: SCHOOLS.into() };
        let mut organisations = OrganisationServiceClient::new(self.channel());
        let answers = organisations.import_organisations(self.by(&operator(), futures::stream::iter([file]))).await.unwrap();
        let mut answers = answers.into_inner();
        while answers.message().await.unwrap().is_some() {}
        self.settle().await;
        let listed = organisations.list_schools(self.by(&operator(), ListSchoolsRequest::default())).await.unwrap().into_inner();
        listed.schools.into_iter().next().unwrap()
    }

    async fn invite(&self, by: &Principal, email: &str, function: Function) {
        let ask = CreateInvitationRequest { email: email.to_owned(), function: function.to_string(), ..Default::default() };
        InvitationServiceClient::new(self.channel()).create_invitation(self.by(by, ask)).await.unwrap();
    }

    /// The link of the mail that was queued last.
    async fn link(&self) -> String {
        let text = self.texts(0, "SELECT text FROM mail WHERE text IS NOT NULL ORDER BY mail_id").await.pop().unwrap();
        text.split("/uitnodiging/").nth(1).unwrap().lines().next().unwrap().to_owned()
    }

    /// Sensors at the school say this, and all that it leads to has happened.
    async fn hear(&self, school: &School, signature: u32) {
        let line = serde_json::json!({
            "timestamp": self.clock().now(), "flow_id": 1, "event_type": "alert", "src_ip": "10.20.4.7", "src_port": 51_422,
            "dest_ip": "203.0.113.77", "dest_port": 443, "proto": "TCP",
            "alert": {
                "action": "allowed", "gid": 1, "signature_id": signature, "rev": 3, "signature": "ET MALWARE Sample stealer check-in",
                "category": "Malware Command and Control Activity Detected", "severity": 1,
            },
        });
        let ids = Ids::random(self.clock());
        let header = |name: &str, value: String| (name.to_owned(), value.into());
        let headers = vec![
            header("ce_id", ids.next::<EventId>().to_string()),
            header("ce_time", self.clock().now().to_rfc3339()),
            header("content-type", "application/x-ndjson".to_owned()),
            header("schildwacht-school", school.school_id.clone()),
        ];
        let record = Record { key: school.school_id.clone().into(), headers, value: Some(format!("{line}\n").into()) };
        self.log.append(Topic::TelemetryBatch, vec![record]).await.unwrap();
        self.settle().await;
    }

    fn clock(&self) -> Clock {
        self.clock.clone().into()
    }

    /// Waits until everything that was published has been processed.
    async fn settle(&self) {
        self.caught_up("network-monitor", &[Topic::TelemetryBatch]).await;
        for at in 0..self.databases.len() {
            eventually("an empty outbox", async || self.texts(at, "SELECT topic FROM outbox").await.is_empty().then_some(())).await;
        }
        self.caught_up("network-monitor", &[Topic::Erasure]).await;
        self.caught_up("incident-intake", &[Topic::Alert, Topic::Organisation, Topic::Erasure]).await;
    }

    async fn caught_up(&self, group: &str, topics: &[Topic]) {
        eventually(group, async || (self.log.lag(group, topics).await.unwrap() == 0).then_some(())).await;
    }

    /// The first column of each row.
    async fn texts(&self, at: usize, question: &str) -> Vec<String> {
        let (_, database) = &self.databases[at];
        let reader = database.reader_within(Reach::Everything).await.unwrap();
        let rows = reader.query_all_raw(Statement::from_string(database.backend(), question)).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// Every column of every table that holds this text, whatever its type and in capitals or not.
    async fn columns_with(&self, text: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (at, (service, database)) in self.databases.iter().enumerate() {
            let columns = match database.backend() {
                DatabaseBackend::Postgres => {
                    "SELECT table_name || '.' || column_name || '.' || data_type FROM information_schema.columns WHERE table_schema = current_schema()"
                }
                _ => {
                    "SELECT m.name || '.' || c.name || '.' || c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
                }
            };
            for column in self.texts(at, columns).await {
                let [table, column, kind] = column.splitn(3, '.').collect::<Vec<_>>()[..] else { panic!("{column}") };
                let value = match (database.backend(), kind) {
                    (DatabaseBackend::Postgres, "bytea") => format!("encode(\"{column}\", 'escape')"),
                    _ => format!("CAST(\"{column}\" AS TEXT)"),
                };
                let question = format!("SELECT 'found' FROM \"{table}\" WHERE lower({value}) LIKE '%{text}%' LIMIT 1");
                if !self.texts(at, &question).await.is_empty() {
                    found.insert(format!("{service}: {table}.{column}"));
                }
            }
        }
        found
    }

    fn cases(&self) -> CaseServiceClient<Channel> {
        CaseServiceClient::new(self.channel())
    }

    async fn all_cases(&self) -> Vec<Case> {
        self.cases().list_cases(self.by(&sam(), ListCasesRequest::default())).await.unwrap().into_inner().cases
    }

    async fn assign(&self, by: &Principal, case_id: &str, assignee: String) {
        let etag = self.case(case_id).await.etag;
        let ask = AssignCaseRequest { case_id: case_id.to_owned(), assignee, etag };
        self.cases().assign_case(self.by(by, ask)).await.unwrap();
    }

    async fn case(&self, case_id: &str) -> Case {
        self.cases().get_case(self.by(&sam(), GetCaseRequest { case_id: case_id.to_owned() })).await.unwrap().into_inner()
    }

    async fn note(&self, by: &Principal, case_id: &str) {
        let ask = AddCaseNoteRequest {
            case_id: case_id.to_owned(),
            text: "De school is gebeld".to_owned(),
            tlp: "TLP:AMBER".to_owned(),
            ..Default::default()
        };
        self.cases().add_case_note(self.by(by, ask)).await.unwrap();
    }

    async fn keep_quiet(&self, by: &Principal, school: &School) {
        let ask = CreateSuppressionRequest {
            school_id: school.school_id.clone(),
            signature_id: "suricata:1:2027179".to_owned(),
            reason: "Test van de school".to_owned(),
            expire_time: Some(timestamp(self.clock().now() + Duration::from_secs(3_600))),
            ..Default::default()
        };
        AlertServiceClient::new(self.channel()).create_suppression(self.by(by, ask)).await.unwrap();
    }

    /// By the link of the mail that was queued last.
    async fn accept(&self, who: &Principal) {
        let accept = AcceptInvitationRequest { token: self.link().await };
        InvitationServiceClient::new(self.channel()).accept_invitation(self.by(who, accept)).await.unwrap();
    }

    async fn erase(&self, person: &Principal) {
        let mut erasures = ErasureServiceClient::new(self.channel());
        let person_id = person.person_id().unwrap().to_string();
        let ask = ProposeErasureRequest { person_id, reason: "Verzoek 2026-114".to_owned(), request_id: String::new() };
        let Erasure { erasure_id, etag, .. } = erasures.propose_erasure(self.by(&operator(), ask)).await.unwrap().into_inner();
        let second = testkit::person(2, &[Function::Operator]);
        erasures.agree_erasure(self.by(&second, AgreeErasureRequest { erasure_id, etag })).await.unwrap();
        self.settle().await;
    }

    /// The audit trail is whole, with what people wrote.
    async fn assert_audit_trails_are_intact(&self) {
        for (service, database) in &self.databases {
            let periods = service::Periods::load(&content::Settings::default()).unwrap();
            let texts = CaseTexts { database: database.clone(), periods, clock: self.clock() };
            let texts: Option<&dyn audit::Texts> = (*service == "incident-intake").then_some(&texts);
            let reports = audit::examine(database, &audit::History::default(), texts).await.unwrap();
            assert!(!reports.is_empty() && reports.iter().all(audit::ChainReport::is_intact), "{service}: {reports:?}");
        }
    }
}

fn operator() -> Principal {
    testkit::person(1, &[Function::Operator])
}

fn sam() -> Principal {
    Principal { name: "Sam Peeters".to_owned(), ..testkit::person(3, &[Function::Responder]) }
}

/// Leads the response team, and directs a school: somebody who does everything.
fn noor(school: &School) -> Principal {
    let functions = [Function::ResponseLead, Function::Responder, Function::Director(school.school_id.parse().unwrap())];
    Principal { name: "Noor Oosterlynck".to_owned(), ..testkit::person(4, &functions) }
}

/// They take a function, ask others, keep an alert quiet, work on cases, have and close one, and are asked to take another function.
async fn works(world: &World, school: &School, noor: &Principal) -> [String; 2] {
    world.invite(&operator(), EMAIL, Function::ResponseLead).await;
    world.accept(noor).await;
    world.invite(noor, "jan@zandloper.example", Function::Teacher(school.school_id.parse().unwrap())).await;
    // Not answered, and at the address that they were known by before in capitals.
    world.invite(&operator(), &EMAIL.to_uppercase(), Function::Reviewer).await;

    world.keep_quiet(noor, school).await;
    world.hear(school, 2_027_865).await;
    world.hear(school, 2_031_000).await;
    let cases: Vec<String> = world.all_cases().await.into_iter().map(|case| case.case_id).collect();
    let [closed, open] = cases.try_into().unwrap();
    world.assign(noor, &closed, "me".to_owned()).await;
    world.assign(noor, &open, "me".to_owned()).await;
    world.assign(noor, &open, String::new()).await;
    world.assign(&sam(), &open, noor.person_id().unwrap().to_string()).await;
    world.note(noor, &open).await;
    let etag = world.case(&closed).await.etag;
    let close = CloseCaseRequest { case_id: closed.clone(), reason: CloseReason::Resolved.into(), text: "Nagekeken".to_owned(), etag };
    world.cases().close_case(world.by(noor, close)).await.unwrap();
    world.settle().await;
    [closed, open]
}

on_both_stores! {
    async fn who_was_erased_is_in_no_table_of_any_service(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school().await;
        let noor = noor(&school);
        let [closed, open] = works(&world, &school, &noor).await;
        let known = KNOWN.into_iter().map(str::to_owned).collect();
        assert_eq!(world.columns_with(SURNAME).await, known, "where a name comes: say in KNOWN, and in docs/security/retention.md what becomes of it");

        world.erase(&noor).await;

        assert_eq!(world.columns_with(SURNAME).await, BTreeSet::new());
        world.assert_audit_trails_are_intact().await;
        // Their account still works: nothing of it is kept by name.
        world.note(&noor, &open).await;
        world.keep_quiet(&noor, &school).await;
        world.settle().await;
        assert_eq!(world.columns_with(SURNAME).await, BTreeSet::new());
        let id = noor.person_id().unwrap().to_string();
        let who = [world.case(&closed).await.assignee, world.case(&open).await.assignee].map(|person| person.unwrap().person_id);
        assert_eq!(who, [id.clone(), id], "that it was one person is still told");
        world.assert_audit_trails_are_intact().await;
    }

    async fn who_takes_a_function_again_is_known_by_name_again(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school().await;
        let noor = noor(&school);
        world.erase(&noor).await;
        world.invite(&operator(), EMAIL, Function::ResponseLead).await;
        world.accept(&noor).await;
        world.settle().await;
        world.keep_quiet(&noor, &school).await;
        let found = world.columns_with(SURNAME).await;
        let expected = ["identity: person.name", "network-monitor: audit_actor.name", "network-monitor: suppression.creator"];
        assert!(expected.iter().all(|column| found.contains(*column)), "{found:?}");
    }
}
