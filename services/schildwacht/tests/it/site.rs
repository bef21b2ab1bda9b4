//! Where a schildwacht process keeps its state and listens. It outlives the process, so that another can take over.

use std::{net::SocketAddr, path::PathBuf, process::Command};

use tempfile::TempDir;
use testkit::{Child, eventually, free_port, http_client};

/// A folder and ports of its own.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
    address: SocketAddr,
    grpc: SocketAddr,
    admin: u16,
    otlp_grpc: u16,
    otlp_http: u16,
    settings: Vec<(String, String)>,
}

/// Bounds that no test reaches: tests make in a minute what a school makes in a year.
pub fn room() -> [(String, String); 2] {
    [
        ("SCHILDWACHT_NETWORK_MONITOR__BOUNDS__NEW_ALERTS_PER_HOUR", "1000000"),
        ("SCHILDWACHT_INCIDENT_INTAKE__NEW_CASES_PER_HOUR", "1000000"),
    ]
    .map(|(variable, most)| (variable.to_owned(), most.to_owned()))
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Site {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let [main, grpc, admin, otlp_grpc, otlp_http] = std::array::from_fn(|_| free_port());
        Self { folder, address: loopback(main), grpc: loopback(grpc), admin, otlp_grpc, otlp_http, settings: Vec::new() }
    }

    /// Behind a reverse proxy, which routes by path and has one address for everything.
    pub fn behind(mut self, proxy: SocketAddr) -> Self {
        (self.address, self.grpc) = (proxy, proxy);
        self
    }

    /// At another address.
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// With a setting, by the name of its environment variable.
    pub fn with(mut self, variable: &str, value: impl Into<String>) -> Self {
        self.settings.push((variable.to_owned(), value.into()));
        self
    }

    /// With more of them.
    pub fn with_all(mut self, settings: &[(String, String)]) -> Self {
        self.settings.extend_from_slice(settings);
        self
    }

    /// With room for one school to make more alerts and cases than the bounds of [`default.toml`](../../src/serve/default.toml) let it.
    pub fn with_room(self) -> Self {
        self.with_all(&room())
    }

    /// With the ports for sensors and gRPC of another.
    pub fn with_ports_of(mut self, other: &Self) -> Self {
        (self.grpc, self.otlp_grpc, self.otlp_http) = (other.grpc, other.otlp_grpc, other.otlp_http);
        self
    }

    /// A file beside the data folder.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A named pipe beside the data folder.
    pub fn pipe(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("var")
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// On the port for pages and REST.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn grpc_address(&self) -> SocketAddr {
        self.grpc
    }

    pub fn grpc_url(&self) -> String {
        format!("http://{}", self.grpc_address())
    }

    pub fn admin_url(&self, path: &str) -> String {
        format!("http://{}{path}", loopback(self.admin))
    }

    pub fn otlp_http_url(&self, path: &str) -> String {
        format!("http://{}{path}", loopback(self.otlp_http))
    }

    /// The executable, with this site's ports and settings in its environment and none of the developer's.
    fn executable(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_schildwacht"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SCHILDWACHT_")) {
            command.env_remove(name);
        }
        command
            .current_dir(self.folder.path())
            .env("SCHILDWACHT_LISTEN__GRPC_ADDRESS", self.grpc_address().to_string())
            .env("SCHILDWACHT_LISTEN__ADMIN_ADDRESS", loopback(self.admin).to_string())
            .env("SCHILDWACHT_TELEMETRY_INGEST__OTLP_GRPC_LISTEN", loopback(self.otlp_grpc).to_string())
            .env("SCHILDWACHT_TELEMETRY_INGEST__OTLP_HTTP_LISTEN", loopback(self.otlp_http).to_string())
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// `schildwacht serve …` on this site, without the demo unless asked for.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let (data_dir, address) = (self.data_dir(), self.address().to_string());
        let mut command = self.executable();
        Child::start(command.arg("serve").args(arguments).arg("--data-dir").arg(data_dir).args(["--listen", &address]))
    }

    /// `schildwacht serve all`, ready for requests.
    pub async fn serve(&self) -> Child {
        let process = self.start(&["all", "--no-demo"]);
        self.until_ready(process).await
    }

    /// The process once it is ready for requests.
    pub async fn until_ready(&self, mut process: Child) -> Child {
        let http = http_client();
        let address = self.admin_url("/ready");
        eventually("schildwacht to be ready", async || {
            if let Some(status) = process.ended() {
                panic!("schildwacht ended with {status}:\n{}", process.stderr());
            }
            http.get(&address).send().await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
        process
    }

    /// Begins one of the other commands.
    pub fn begin(&self, arguments: &[&str]) -> Child {
        Child::start(self.executable().args(arguments))
    }

    /// Runs one of the other commands to its end.
    pub async fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.begin(arguments)).await
    }

    /// Runs a command that talks to the system on this site.
    pub async fn operate(&self, arguments: &[&str]) -> Outcome {
        let (data_dir, url) = (self.data_dir(), self.url(""));
        let mut command = self.executable();
        Outcome::of(Child::start(command.args(arguments).args(["--at", &url]).arg("--data-dir").arg(data_dir))).await
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

impl Outcome {
    pub async fn of(mut process: Child) -> Self {
        let code = process.end().await.code();
        Self { code, stdout: process.stdout(), stderr: process.stderr() }
    }

    /// What it said, when all went well.
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// The one line that says what is wrong.
    pub fn complaint(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        let [complaint] = self.stderr.lines().collect::<Vec<_>>()[..] else { panic!("not one line:\n{}", self.stderr) };
        let Some(complaint) = complaint.strip_prefix("schildwacht: ") else { panic!("{complaint}") };
        complaint.to_owned()
    }
}
