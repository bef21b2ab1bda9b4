//! The product's executable, and the product as it runs.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

/// A process that is not ready after this is not going to be.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where `cargo xtask bench` built it: beside this executable.
pub fn find() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let product = this.with_file_name("schildwacht");
    let advice = "run `cargo xtask bench`, which builds it, or give another one with --binary";
    ensure!(product.is_file(), "there is no {}: {advice}", product.display());
    product.canonicalize().context("the product's executable cannot be found")
}

/// The product with its demo, killed when dropped.
pub struct Running {
    process: Child,
    /// Where pages are.
    pub url: String,
    pub began: Instant,
    pub ready_after: Duration,
}

impl Running {
    /// Starts it on free ports and waits until it is ready.
    pub fn start(product: &Path, folder: &Path) -> Result<Self> {
        let [main, grpc, admin, otlp_grpc, otlp_http] = std::array::from_fn(|_| SocketAddr::from(([127, 0, 0, 1], testkit::free_port())));
        let mut command = Command::new(product);
        command
            .args(["serve", "all", "--listen", &main.to_string(), "--data-dir"])
            .arg(folder)
            .env("SCHILDWACHT_LISTEN__GRPC_ADDRESS", grpc.to_string())
            .env("SCHILDWACHT_LISTEN__ADMIN_ADDRESS", admin.to_string())
            .env("SCHILDWACHT_TELEMETRY_INGEST__OTLP_GRPC_LISTEN", otlp_grpc.to_string())
            .env("SCHILDWACHT_TELEMETRY_INGEST__OTLP_HTTP_LISTEN", otlp_http.to_string())
            .env("SCHILDWACHT_TELEMETRY__LOG_FILTER", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let began = Instant::now();
        let process = command.spawn().with_context(|| format!("{} cannot be started", product.display()))?;
        let mut running = Self { process, url: format!("http://{main}"), began, ready_after: Duration::ZERO };
        while !is_ready(admin) {
            if let Some(status) = running.process.try_wait()? {
                bail!("the product ended with {status}; what it said stands above");
            }
            if began.elapsed() > PATIENCE {
                bail!("the product was not ready after {} s", PATIENCE.as_secs());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        running.ready_after = began.elapsed();
        Ok(running)
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is what is wanted.
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn is_ready(admin: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(admin)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}
