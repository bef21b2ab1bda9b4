//! A deliberate fault of each server of the production mode: what a person reads who made it, and what still works.

use std::time::Instant;

use futures::future::join_all;
use testkit::{Child, Realm, Store, TestDatabase, eventually, servers};

use crate::{
    estate::settings,
    site::{Outcome, Site},
};

/// Stands in every secret that is wrong on purpose.
const WRONG: &str = "wrong-7f3a";
/// Nobody listens there.
const NOBODY: &str = "127.0.0.1:1";

/// One setting that is wrong.
struct Fault {
    what: &'static str,
    service: &'static str,
    setting: &'static str,
    value: String,
    /// What the one line must tell: the key, and what is the matter.
    told: &'static [&'static str],
}

/// Everything as in production, for a process that is not to come so far that it asks the issuer.
struct Ground {
    realm: Realm,
    settings: Vec<(String, String)>,
    database: TestDatabase,
}

impl Ground {
    async fn new() -> Option<Self> {
        let site = Site::new();
        let realm = Realm::import(&site.url("/")).await?;
        let mut settings = settings(&realm, site.address());
        let database = TestDatabase::new(Store::Postgres).await?;
        let url = database.empty().await.url.expose().to_owned();
        for service in ["IDENTITY", "NETWORK_MONITOR", "INCIDENT_INTAKE"] {
            settings.push((format!("SCHILDWACHT_{service}__DATABASE__URL"), url.clone()));
        }
        Some(Self { realm, settings, database })
    }

    fn site(&self) -> Site {
        Site::new().with_all(&self.settings)
    }
}

/// An address without what does not change in it.
fn changed(address: &str, password: &str, server: Option<&str>, database: Option<&str>) -> String {
    let mut url: url::Url = address.parse().unwrap();
    url.set_password(Some(password)).unwrap();
    if let Some((host, port)) = server.and_then(|server| server.split_once(':')) {
        url.set_host(Some(host)).unwrap();
        url.set_port(Some(port.parse().unwrap())).unwrap();
    }
    if let Some(database) = database {
        url.set_path(database);
    }
    url.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_be_used_is_said_in_one_line_with_the_key() {
    let Some(ground) = Ground::new().await else { return };
    let given = |server: &servers::Server| std::env::var(server.variable).unwrap();
    let (postgres, redis) = (given(&servers::postgres::SERVER), given(&servers::REDIS));
    let own_password = url::Url::parse(&postgres).unwrap().password().unwrap_or_default().to_owned();
    const DATABASE: &str = "SCHILDWACHT_INCIDENT_INTAKE__DATABASE__URL";
    const REDIS: &str = "SCHILDWACHT_CACHE__REDIS_URL";
    let faults = [
        Fault {
            what: "PostgreSQL, wrong password",
            service: "incident-intake",
            setting: DATABASE,
            value: changed(&postgres, WRONG, None, None),
            told: &["incident_intake.database.url", "refuses the user or the password"],
        },
        Fault {
            what: "PostgreSQL, absent",
            service: "incident-intake",
            setting: DATABASE,
            value: changed(&postgres, WRONG, Some(NOBODY), None),
            told: &["incident_intake.database.url", NOBODY, "nobody listens there"],
        },
        Fault {
            what: "PostgreSQL, no such database",
            service: "incident-intake",
            setting: DATABASE,
            value: changed(&postgres, &own_password, None, Some("not_there")),
            told: &["incident_intake.database.url", "not_there", "make it first"],
        },
        Fault {
            what: "Redis, wrong password",
            service: "portal",
            setting: REDIS,
            value: changed(&redis, WRONG, None, None),
            told: &["cache.redis_url", "refuses the user or the password"],
        },
        Fault {
            what: "Redis, no password",
            service: "portal",
            setting: REDIS,
            value: format!("redis://{}", redis.rsplit('@').next().unwrap()),
            told: &["cache.redis_url", "refuses the user or the password"],
        },
        Fault {
            what: "Redis, absent",
            service: "portal",
            setting: REDIS,
            value: changed(&redis, WRONG, Some(NOBODY), None),
            told: &["cache.redis_url", NOBODY, "does not answer"],
        },
        Fault {
            what: "Redis, no address of one",
            service: "portal",
            setting: REDIS,
            value: format!("http://:{WRONG}@{NOBODY}"),
            told: &["cache.redis_url", "rediss://"],
        },
        Fault {
            what: "Kafka, absent",
            service: "network-monitor",
            setting: "SCHILDWACHT_EVENTS__KAFKA__BROKERS",
            value: NOBODY.to_owned(),
            told: &["events.kafka.brokers", NOBODY],
        },
    ];
    let complaints = faults.map(|fault| {
        let ground = &ground;
        async move {
            let site = ground.site().with("SCHILDWACHT_TELEMETRY__LOG_FILTER", "off").with(fault.setting, fault.value);
            let began = Instant::now();
            let outcome = Outcome::of(site.start(&[fault.service])).await;
            assert_eq!(outcome.stdout, "", "{}: nothing is announced that does not run", fault.what);
            let complaint = outcome.complaint();
            println!("{} ({:.1} s): {complaint}", fault.what, began.elapsed().as_secs_f32());
            for told in fault.told {
                assert!(complaint.contains(told), "{}: {told:?} is not in: {complaint}", fault.what);
            }
            is_for_people(&complaint);
        }
    });
    join_all(complaints).await;
    drop(ground.database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_cannot_be_used_is_said_from_the_start_and_again_until_it_can() {
    let Some(ground) = Ground::new().await else { return };
    let wrong_realm = format!("{}-not", ground.realm.issuer());
    let nobody = format!("http://{NOBODY}/realms/schildwacht");
    let cases = [
        ("portal", "AUTH__ISSUER", nobody.as_str(), ["auth.issuer: no issuer answers there", NOBODY]),
        ("portal", "AUTH__ISSUER", &wrong_realm, ["auth.issuer: no issuer answers there", "404"]),
        ("identity", "AUTH__ISSUER", &nobody, ["keycloak does not answer; see auth.issuer", NOBODY]),
        ("identity", "AUTH__ISSUER", &wrong_realm, ["see auth.issuer and identity.keycloak.admin_url", "no such realm"]),
        ("identity", "IDENTITY__KEYCLOAK__CLIENT_SECRET", WRONG, ["identity.keycloak.client_id and client_secret", "401"]),
    ];
    let checks = cases.map(|(service, setting, value, told)| {
        let ground = &ground;
        async move {
            let site = ground.site().with("SCHILDWACHT_TELEMETRY__LOG_FORMAT", "text").with(&format!("SCHILDWACHT_{setting}"), value);
            // Serving: what needs no issuer works, and who brings a token is told to come back.
            let process = site.until_ready(site.start(&[service])).await;
            let line = eventually("a line about the issuer", async || line_with(&process, &told)).await;
            is_for_people(&line);
            println!("{service}, {setting}: {line}");
        }
    });
    join_all(checks).await;
}

fn line_with(process: &Child, told: &[&str]) -> Option<String> {
    process.stderr().lines().find(|line| told.iter().all(|told| line.contains(told))).map(str::to_owned)
}

/// No password, and nothing that only the compiler would understand.
fn is_for_people(line: &str) {
    for not_wanted in [WRONG, "Error {", "Some(", "Err(", "kind:", "panicked", "RUST_BACKTRACE", "\u{1b}"] {
        assert!(!line.contains(not_wanted), "{not_wanted:?} is in: {line}");
    }
    // Said once: layers of errors like to repeat each other.
    let parts: Vec<&str> = line.split(": ").collect();
    assert!(parts.windows(2).all(|pair| pair[0] != pair[1]), "said twice: {line}");
}
