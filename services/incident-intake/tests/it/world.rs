//! A running incident-intake, with schools, people, a log and sensors that speak.

use std::{collections::HashMap, path::Path, time::Duration};

use auth::{Function, Principal};
use chrono::{DateTime, Utc};
use events::{Envelope, TailFrom, Topic};
use proto::{
    identity::v1::{OrganisationState, School},
    incident_intake::v1::{
        AssignCaseRequest, Case, CaseDevices, CloseCaseRequest, CloseReason, Evidence, ListCasesRequest, ListEvidenceRequest,
        ListTimelineRequest, TimelineEntry, case_service_client::CaseServiceClient, history_service_client::HistoryServiceClient,
    },
    network_monitor::v1::{Alert, AlertEvent, AlertSeverity, Endpoint},
    operations::v1::dead_letter_service_client::DeadLetterServiceClient,
};
use runtime::{EventId, Ids, ManualClock, SchoolId};
use schildwacht_incident_intake::{CaseTexts, Config, Service, migrations};
use sea_orm::{ConnectionTrait as _, Statement};
use service::Periods;
use storage::{Database, Reach};
use testkit::{PATIENCE, Running, TestDatabase, TestIssuer, TestLog, TestProcess, person};
use tonic::{Request, transport::Channel};

const GROUP: &str = "incident-intake";

/// What a school may open; more than other tests do.
pub const NEW_CASES_PER_HOUR: u32 = 80;

/// A running incident-intake.
pub struct World {
    /// Gives tokens to whomever a test names.
    pub people: TestIssuer,
    /// Stands still until it is moved.
    pub clock: ManualClock,
    /// Its tables.
    pub database: Database,
    /// Where alerts come from and case events go to.
    pub log: TestLog,
    ids: Ids,
    server: Running,
    process: TestProcess,
}

impl World {
    /// On a working Thursday in Brussels.
    pub async fn start(database: &TestDatabase) -> Self {
        let connected = database.migrated(migrations()).await;
        Self::start_on(database, connected).await
    }

    /// On this connection to the database.
    pub async fn start_on(place: &TestDatabase, database: Database) -> Self {
        runtime::install_tls_provider();
        let clock = ManualClock::at("2026-09-24T09:50:00Z".parse().unwrap());
        let people = TestIssuer::start(clock.clone().into()).await;
        let log = TestLog::beside(place, &Topic::all()).await;
        let process = TestProcess::at(clock.clone());
        let server = serve(&process, &people, &database, &log).await;
        // Ids of this test's own, so that those of the service stay in the order of its clock.
        let ids = Ids::random(clock.clone().into());
        Self { people, clock, database, log, ids, server, process }
    }

    /// Another replica of the service, on the same database and log.
    pub async fn replica(&self) -> (Running, TestProcess) {
        let process = TestProcess::at(self.clock.clone());
        let server = serve(&process, &self.people, &self.database, &self.log).await;
        (server, process)
    }

    pub fn cases(&self) -> CaseServiceClient<Channel> {
        CaseServiceClient::new(self.server.channel())
    }

    pub fn history(&self) -> HistoryServiceClient<Channel> {
        HistoryServiceClient::new(self.server.channel())
    }

    pub fn channel(&self) -> Channel {
        self.server.channel()
    }

    pub fn dead_letters(&self) -> DeadLetterServiceClient<Channel> {
        DeadLetterServiceClient::new(self.server.channel())
    }

    pub fn by<T>(&self, who: &Principal, message: T) -> Request<T> {
        self.people.request(who, message)
    }

    pub fn new_id<T: From<uuid::Uuid>>(&self) -> T {
        self.ids.next()
    }

    /// Stops all tasks, as a shutdown does.
    pub fn shut_down(&self) {
        self.process.tasks.shutdown().request();
    }

    /// A school that identity has described.
    pub async fn school(&self, name: &str, municipality: &str) -> SchoolId {
        let id = self.new_id();
        self.describe(id, name, municipality).await;
        // What comes in another topic next may overtake it.
        self.settle().await;
        id
    }

    pub async fn describe(&self, id: SchoolId, name: &str, municipality: &str) {
        let school = School { school_id: id.to_string(), name: name.into(), municipality: municipality.into(), ..School::default() };
        self.tell(id, &OrganisationState { school: Some(school), ..Default::default() }).await;
    }

    /// As identity publishes it.
    pub async fn tell(&self, id: SchoolId, state: &OrganisationState) {
        self.publish(Topic::Organisation, Envelope::new(self.new_id::<EventId>(), self.now(), "identity", id.to_string(), state)).await;
    }

    pub fn now(&self) -> DateTime<Utc> {
        runtime::Clock::from(self.clock.clone()).now()
    }

    /// A first alert, one event, now.
    pub fn alert(&self, school: SchoolId, kind: Kind) -> AlertEvent {
        let now = timestamp(self.now());
        let alert = Alert {
            alert_id: self.new_id::<runtime::AlertId>().to_string(),
            school_id: school.to_string(),
            signature_id: kind.id.to_owned(),
            signature: kind.text.to_owned(),
            category: kind.category.to_owned(),
            severity: kind.severity.into(),
            source: Some(Endpoint {
                ip: "10.20.4.37".into(),
                port: 51_422,
                device_id: "0190c0de-0000-7000-8000-0000000000d1".into(),
                device_name: "SEC-PC-02".into(),
            }),
            destination: Some(Endpoint { ip: "203.0.113.77".into(), port: 443, ..Endpoint::default() }),
            protocol: "tcp".into(),
            first_time: Some(now),
            last_time: Some(now),
            event_count: 1,
            raw_event: r#"{"event_type":"alert","src_ip":"10.20.4.37"}"#.into(),
            sensor: "suricata".into(),
            destination_count: 1,
            destination_ips: vec!["203.0.113.77".into()],
            gateway_id: String::new(),
        };
        AlertEvent { alert: Some(alert), first: true, new_events: 1 }
    }

    /// Publishes news of an alert without waiting.
    pub async fn send(&self, news: &AlertEvent) {
        let school = news.alert.as_ref().unwrap().school_id.clone();
        self.publish(Topic::Alert, Envelope::new(self.new_id::<EventId>(), self.now(), "network-monitor", school, news)).await;
    }

    /// Publishes news of a new alert and waits until it is processed.
    pub async fn report(&self, school: SchoolId, kind: Kind) -> AlertEvent {
        let news = self.alert(school, kind);
        self.send(&news).await;
        self.settle().await;
        news
    }

    pub async fn publish(&self, topic: Topic, envelope: Envelope) {
        self.log.append(topic, vec![envelope.into_record()]).await.unwrap();
    }

    /// Waits until everything published is processed.
    pub async fn settle(&self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.log.lag(GROUP, &[Topic::Alert, Topic::Organisation]).await.unwrap() > 0 {
            assert!(tokio::time::Instant::now() < deadline, "events are not processed");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The queue as a responder sees it first.
    pub async fn queue(&self) -> Vec<Case> {
        self.list(&responder(), ListCasesRequest::default()).await
    }

    pub async fn list(&self, who: &Principal, question: ListCasesRequest) -> Vec<Case> {
        self.cases().list_cases(self.by(who, question)).await.unwrap().into_inner().cases
    }

    /// Which devices the cases in the queue are about, by case id.
    pub async fn devices(&self, who: &Principal, question: ListCasesRequest) -> HashMap<String, CaseDevices> {
        self.cases().list_cases(self.by(who, question)).await.unwrap().into_inner().devices
    }

    /// The only case in the queue.
    pub async fn only_case(&self) -> Case {
        let mut cases = self.queue().await;
        assert_eq!(cases.len(), 1, "{cases:#?}");
        cases.pop().unwrap()
    }

    /// A school with one open case.
    pub async fn with_a_case(&self) -> (SchoolId, Case) {
        let school = self.school("Basisschool De Zandloper", "Aalter").await;
        self.report(school, MALWARE).await;
        (school, self.only_case().await)
    }

    pub async fn timeline(&self, who: &Principal, case: &Case) -> Vec<TimelineEntry> {
        let question = ListTimelineRequest { case_id: case.case_id.clone(), page_size: 200, page_token: String::new() };
        self.cases().list_timeline(self.by(who, question)).await.unwrap().into_inner().entries
    }

    pub async fn evidence(&self, case: &Case) -> Vec<Evidence> {
        let question =
            ListEvidenceRequest { case_id: case.case_id.clone(), page_size: 200, include_raw_events: true, ..Default::default() };
        self.cases().list_evidence(self.by(&responder(), question)).await.unwrap().into_inner().evidence
    }

    pub async fn take(&self, who: &Principal, case: &Case) -> Case {
        let ask = AssignCaseRequest { case_id: case.case_id.clone(), assignee: "me".into(), etag: case.etag.clone() };
        self.cases().assign_case(self.by(who, ask)).await.unwrap().into_inner()
    }

    pub async fn close(&self, case: &Case, reason: CloseReason) -> Case {
        let ask = CloseCaseRequest {
            case_id: case.case_id.clone(),
            reason: reason.into(),
            text: "Nagekeken met de school".into(),
            etag: case.etag.clone(),
        };
        self.cases().close_case(self.by(&responder(), ask)).await.unwrap().into_inner()
    }

    /// All events of a topic so far, at least this many.
    pub async fn events(&self, topic: Topic, at_least: usize) -> Vec<Envelope> {
        let mut tail = self.log.tail(topic, TailFrom::Start).await.unwrap();
        let mut envelopes = Vec::new();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while envelopes.len() < at_least {
            assert!(tokio::time::Instant::now() < deadline, "only {} of {at_least} events came", envelopes.len());
            let delivered = tail.next(100, Duration::from_millis(100)).await.unwrap();
            envelopes.extend(delivered.iter().map(|delivered| Envelope::from_record(&delivered.record).unwrap()));
        }
        envelopes
    }

    /// Makes the tables what another release would leave.
    pub async fn rewrite(&self, steps: &[&str]) {
        let txn = self.database.begin().await.unwrap();
        for step in steps {
            txn.execute_unprepared(step).await.unwrap();
        }
        txn.commit().await.unwrap();
    }

    /// How many rows a table has.
    pub async fn count_rows(&self, table: &str) -> i64 {
        let question = Statement::from_string(self.database.backend(), format!("SELECT COUNT(*) AS many FROM {table}"));
        let reader = self.database.reader_within(Reach::Everything).await.unwrap();
        reader.query_one_raw(question).await.unwrap().unwrap().try_get("", "many").unwrap()
    }

    /// The texts of its cases, for the check of the audit trail.
    pub fn texts(&self) -> CaseTexts {
        let periods = Periods::load(&content::Settings::default()).unwrap();
        CaseTexts { database: self.database.clone(), periods, clock: self.clock.clone().into() }
    }

    /// Every chain of the audit trail is whole, and those of changes have so many rows in all.
    pub async fn audit_rows(&self) -> i64 {
        let reports = storage::audit::examine(&self.database, &storage::audit::History::default(), None).await.unwrap();
        assert!(reports.iter().all(storage::audit::ChainReport::is_intact), "{reports:?}");
        reports.iter().filter(|report| !report.chain.ends_with("/reads")).map(|report| report.rows).sum()
    }
}

async fn serve(process: &TestProcess, people: &TestIssuer, database: &Database, log: &TestLog) -> Running {
    let parts = testkit::parts(database, log, people);
    let operators_door = testkit::operators_door(&parts);
    let service = Service {
        config: Config {
            database: storage::DatabaseConfig::sqlite(Path::new("not-used-here")),
            max_batch: 100,
            new_cases_per_hour: NEW_CASES_PER_HOUR,
            measure_every_seconds: 3_600,
            prune_every_seconds: 3_600,
        },
        content: content::Settings::default(),
        parts,
    };
    Running::start(service.build(process).await.unwrap().merge(operators_door)).await
}

/// What a sensor's rule says.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub id: &'static str,
    pub text: &'static str,
    pub category: &'static str,
    pub severity: AlertSeverity,
}

pub const MALWARE: Kind = Kind {
    id: "suricata:1:2027865",
    text: "ET MALWARE Observed Stealer Check-in",
    category: "Malware Command and Control Activity Detected",
    severity: AlertSeverity::Medium,
};

pub const TAKEOVER: Kind = Kind {
    id: "suricata:1:2012690",
    text: "ET ATTACK_RESPONSE Command Shell from Local System",
    category: "Successful Administrator Privilege Gain",
    severity: AlertSeverity::High,
};

pub const SCAN: Kind = Kind {
    id: "suricata:1:2001219",
    text: "ET SCAN Potential SSH Scan",
    category: "Attempted Information Leak",
    severity: AlertSeverity::Low,
};

pub const OTHER_SCAN: Kind = Kind {
    id: "suricata:1:2003068",
    text: "ET SCAN Potential FTP Scan",
    category: "Attempted Information Leak",
    severity: AlertSeverity::Medium,
};

pub const POLICY: Kind = Kind {
    id: "suricata:1:2012522",
    text: "ET POLICY Something the house rules mention",
    category: "Potential Corporate Privacy Violation",
    severity: AlertSeverity::High,
};

pub const READABLE_PASSWORD: Kind = Kind {
    id: "suricata:1:2012887",
    text: "ET POLICY Http Client Body contains pass= in cleartext",
    category: "Potential Corporate Privacy Violation",
    severity: AlertSeverity::High,
};

pub const MINING: Kind = Kind {
    id: "suricata:1:2024786",
    text: "ET COINMINER Browser Miner",
    category: "Crypto Currency Mining Activity Detected",
    severity: AlertSeverity::Low,
};

pub fn timestamp(moment: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: moment.timestamp(), nanos: i32::try_from(moment.timestamp_subsec_nanos()).unwrap() }
}

pub fn noor() -> Principal {
    Principal { name: "Noor Claes".to_owned(), ..person(10, &[Function::Responder]) }
}

pub fn sam() -> Principal {
    Principal { name: "Sam Peeters".to_owned(), ..person(11, &[Function::Responder]) }
}

pub fn responder() -> Principal {
    noor()
}

pub fn lead() -> Principal {
    Principal { name: "Lotte Wils".to_owned(), ..person(12, &[Function::ResponseLead]) }
}

pub fn operator() -> Principal {
    person(13, &[Function::Operator])
}

pub fn director(school: SchoolId) -> Principal {
    person(14, &[Function::Director(school)])
}

pub fn ict_coordinator(school: SchoolId) -> Principal {
    person(15, &[Function::IctCoordinator(school)])
}

/// The stable reason of an error.
pub fn reason(status: &tonic::Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

/// The fields an error complains of.
pub fn fields(status: &tonic::Status) -> Vec<String> {
    use tonic_types::StatusExt as _;
    let details = status.get_error_details();
    details.bad_request().map(|bad| bad.field_violations.iter().map(|violation| violation.field.clone()).collect()).unwrap_or_default()
}
