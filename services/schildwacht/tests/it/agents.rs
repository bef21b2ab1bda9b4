//! Real agents with the configurations that schools copy from `docs/sensors/`: each line of a growing EVE file is counted once,
//! although ingest refuses, is unavailable and is started again in between, the file is rotated, and the agent is killed.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write as _,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, http::StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Child, eventually, http_client, servers};
use tokio::{net::TcpListener, task::JoinSet};
use url::Url;

use crate::{
    eve,
    site::Site,
    town::{School, Town, ZANDLOPER},
};

/// What schools copy.
pub const SENSORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sensors");

/// Signatures that the file tells of, in turn.
const SIGNATURES: usize = 40;
/// Lines by which the file grows at once.
const PART: usize = 8 * SIGNATURES;
/// Every so often a line is longer than rsyslog and HTTP heads expect.
const LONG_LINE_EVERY: usize = 97;
const LONG: usize = 40_000;
/// Ingest takes this much a second, and what was held back is more: some of it is refused with 429 first.
const EVENTS_PER_SECOND: &str = "300";
/// Between two attempts agents wait up to half a minute.
const PATIENCE: Duration = Duration::from_secs(150);

#[tokio::test]
async fn the_collector_brings_each_line_once_whatever_happens_to_ingest() {
    let Some(program) = std::env::var_os(servers::collector::VARIABLE) else {
        println!("skipped: no OpenTelemetry Collector here; `cargo xtask test` builds it where Go is installed");
        return;
    };
    each_line_is_counted_once(Kind::Collector, Path::new(&program), Town::open_on(Site::new().with_all(&limits())).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_collector_does_so_in_production() {
    let Some(program) = std::env::var_os(servers::collector::VARIABLE) else {
        println!("skipped: no OpenTelemetry Collector here; `cargo xtask test` builds it where Go is installed");
        return;
    };
    let Some(town) = Town::open_in_production_with(&limits()).await else { return };
    each_line_is_counted_once(Kind::Collector, Path::new(&program), town).await;
}

#[tokio::test]
async fn rsyslog_brings_each_line_once_whatever_happens_to_ingest() {
    let Some(program) = rsyslog() else {
        println!("skipped: no rsyslog with Python 3 here; `cargo xtask test` installs them");
        return;
    };
    each_line_is_counted_once(Kind::Rsyslog, &program, Town::open_on(Site::new().with_all(&limits())).await).await;
}

/// rsyslog, where there is the Python that its configuration needs.
pub fn rsyslog() -> Option<PathBuf> {
    // Outside the path of users who are not root.
    let program = ["rsyslogd", "/usr/sbin/rsyslogd"].into_iter().find_map(servers::install::find);
    program.filter(|_| Path::new("/usr/bin/python3").exists())
}

fn limits() -> [(String, String); 2] {
    [("EVENTS_PER_SECOND", EVENTS_PER_SECOND), ("EVENTS_BURST", "100")]
        .map(|(key, value)| (format!("SCHILDWACHT_TELEMETRY_INGEST__GATEWAY__{key}"), value.to_owned()))
}

async fn each_line_is_counted_once(kind: Kind, program: &Path, mut town: Town) {
    let school = town.school(ZANDLOPER).await;
    let agent = Agent::of(kind, program, &town, &school);
    let mut file = EveFile::begin(&agent.file("eve.json"));

    let mut process = agent.start();
    file.grow(PART).await;
    until_counted(&town, &school, &file, &process).await;
    file.copy_and_truncate();

    // Killed while lines come in; the server in its place refuses.
    file.grow(PART / 2).await;
    town.kill_ingest().await;
    let refusing = Refusing::at(&town.site).await;
    file.grow(PART / 2).await;
    eventually("a request to be refused", async || (refusing.refused() > 0).then_some(())).await;
    file.rotate();
    file.grow(PART).await;
    let refused = refusing.refused();
    drop(refusing);

    // Nobody answers, and the agent is killed and started: what it holds is on its disk.
    file.grow(PART / 2).await;
    process.kill();
    process.end().await;
    file.grow(PART / 2).await;
    process = agent.start();

    town.start_ingest().await;
    file.grow(PART).await;
    until_counted(&town, &school, &file, &process).await;

    let limited = metric(&town, "telemetry_requests_total", "outcome=\"rate_limited\"").await;
    let repeated = metric(&town, "monitor_alerts_total", "change=\"repeated\"").await;
    let lines = file.lines;
    println!("{kind:?}: {lines} lines, each counted once; {refused} requests refused with 503, {limited} with 429; {repeated} sent twice");
    assert!(limited > 0, "nothing was refused with 429");
}

/// Waits until what is counted is what stands in the file, signature by signature.
async fn until_counted(town: &Town, school: &School, file: &EveFile, agent: &Child) {
    let mut noor = town.sign_in("noor").await;
    let mut counted = BTreeMap::new();
    let counting = async {
        while counted != file.events {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let Ok(alerts) = noor.alerts_of(&school.id).await else {
                // Waiting takes longer than a token lives.
                noor = town.sign_in("noor").await;
                continue;
            };
            counted = alerts.into_iter().map(|alert| (alert.signature_id, alert.event_count)).collect();
        }
    };
    if tokio::time::timeout(PATIENCE, counting).await.is_err() {
        assert_eq!(counted, file.events, "{}{}", agent.stdout(), agent.stderr());
    }
}

/// A counter, over all processes and all of its other labels.
async fn metric(town: &Town, name: &str, label: &str) -> u64 {
    let (http, mut sum) = (http_client(), 0);
    for site in town.sites() {
        let text = http.get(site.admin_url("/metrics")).send().await.unwrap().text().await.unwrap();
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
        sum += lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum::<u64>();
    }
    sum
}

/// An agent.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Collector,
    Rsyslog,
}

impl Kind {
    /// What a school copies.
    const fn configuration(self) -> &'static str {
        match self {
            Self::Collector => "otelcol.yaml",
            Self::Rsyslog => "rsyslog.conf",
        }
    }
}

/// An agent of a school's gateway, with what it keeps.
#[derive(Debug)]
pub struct Agent {
    kind: Kind,
    program: PathBuf,
    folder: TempDir,
}

impl Agent {
    pub fn of(kind: Kind, program: &Path, town: &Town, school: &School) -> Self {
        let agent = Self { kind, program: program.to_owned(), folder: TempDir::new().unwrap() };
        fs::write(agent.file("gateway.secret"), format!("{}\n", school.gateway.secret)).unwrap();
        fs::create_dir(agent.file("kept")).unwrap();
        symlink(Path::new(SENSORS).join("schildwacht-post"), agent.file("schildwacht-post")).unwrap();
        let path = |name: &str| agent.file(name).display().to_string();

        let mut changes = vec![
            ("https://ingest.schildwacht.example", town.site.otlp_http_url("")),
            ("https://id.schildwacht.example/token", town.token_url()),
            ("gateway-GATEWAY_ID", school.gateway.client_id.clone()),
            ("/etc/schildwacht/gateway.secret", path("gateway.secret")),
            ("/var/log/suricata/eve.json", path("eve.json")),
        ];
        changes.extend(match kind {
            Kind::Collector => vec![("/var/lib/otelcol/schildwacht", path("kept"))],
            Kind::Rsyslog => vec![
                ("/var/spool/rsyslog", path("kept")),
                ("/usr/local/bin/schildwacht-post", path("schildwacht-post")),
                ("/var/log/schildwacht-post.log", path("post.log")),
            ],
        });
        let mut text = fs::read_to_string(Path::new(SENSORS).join(kind.configuration())).unwrap();
        for (placeholder, ours) in changes {
            assert!(text.contains(placeholder), "{} has no {placeholder}", kind.configuration());
            text = text.replace(placeholder, &ours);
        }
        fs::write(agent.file(kind.configuration()), text).unwrap();
        // As Debian's own configuration goes about it.
        fs::write(agent.file("main.conf"), format!("$WorkDirectory {}\n$IncludeConfig {}\n", path("kept"), path("rsyslog.conf"))).unwrap();
        agent
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn start(&self) -> Child {
        let mut command = Command::new(&self.program);
        match self.kind {
            Kind::Collector => command.arg("--config").arg(self.file("otelcol.yaml")),
            Kind::Rsyslog => command.args(["-n", "-iNONE", "-f"]).arg(self.file("main.conf")),
        };
        Child::start(&mut command)
    }
}

/// Answers where ingest does, but takes nothing.
struct Refusing {
    refused: Arc<AtomicU64>,
    // Stops when dropped.
    _serving: JoinSet<()>,
}

impl Refusing {
    async fn at(site: &Site) -> Self {
        let url: Url = site.otlp_http_url("").parse().unwrap();
        let listener = TcpListener::bind(url.socket_addrs(|| None).unwrap()[0]).await.unwrap();
        let refused = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&refused);
        let router = Router::new().fallback(async move || {
            counter.fetch_add(1, Ordering::Relaxed);
            (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "1"), ("connection", "close")])
        });
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { refused, _serving: serving }
    }

    fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// What Suricata writes, and how many events of each signature stand there.
struct EveFile {
    path: PathBuf,
    file: File,
    began: DateTime<Utc>,
    lines: usize,
    events: BTreeMap<String, i64>,
}

impl EveFile {
    fn begin(path: &Path) -> Self {
        Self { path: path.to_owned(), file: append_to(path), began: eve::just_now(), lines: 0, events: BTreeMap::new() }
    }

    /// Writes lines as traffic brings them, the last in two halves, as a full buffer would.
    async fn grow(&mut self, lines: usize) {
        for left in (0..lines).rev() {
            let line = self.line();
            let (first, second) = line.as_bytes().split_at(line.len() / 2);
            self.file.write_all(first).unwrap();
            if left == 0 {
                tokio::time::sleep(Duration::from_millis(900)).await;
            } else if left.is_multiple_of(20) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            self.file.write_all(second).unwrap();
        }
    }

    fn line(&mut self) -> String {
        let signature = u32::try_from(self.lines % SIGNATURES).unwrap();
        let at = self.began + TimeDelta::microseconds(i64::try_from(self.lines).unwrap() * 1_000);
        let mut event = eve::odd_traffic(at, 2_200_000 + signature, "10.20.4.37");
        event["http"] = serde_json::json!({ "hostname": "café.example", "url": "/100%25?\"a\\b\"" });
        if self.lines.is_multiple_of(LONG_LINE_EVERY) {
            event["payload"] = Value::String("QQ".repeat(LONG / 2));
        }
        self.lines += 1;
        *self.events.entry(format!("suricata:1:{}", 2_200_000 + signature)).or_default() += 1;
        format!("{event}\n")
    }

    fn old(&self) -> PathBuf {
        self.path.with_extension("json.1")
    }

    /// As logrotate does: the old file gets another name.
    fn rotate(&mut self) {
        fs::rename(&self.path, self.old()).unwrap();
        self.file = append_to(&self.path);
    }

    /// As logrotate does with `copytruncate`.
    fn copy_and_truncate(&mut self) {
        fs::copy(&self.path, self.old()).unwrap();
        self.file.set_len(0).unwrap();
    }
}

fn append_to(path: &Path) -> File {
    File::options().create(true).append(true).open(path).unwrap()
}
