//! PostgreSQL as Debian packages it, or any on the path. Nothing is flushed to disk: the data is gone afterwards anyway.

use std::{
    fs,
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::{
    address::Address,
    certificates::Pem,
    install::{Program, find, is_program},
    server::{Lifetime, Plan, Server, Site, as_user, give_to, write_secret},
};

pub const SERVER: Server = Server {
    name: "PostgreSQL",
    variable: "SCHILDWACHT_TEST_POSTGRES",
    programs: &[Program {
        name: "PostgreSQL",
        packages: &["postgresql"],
        is_there: || program("initdb").is_some() && program("postgres").is_some(),
    }],
    fetch: || Ok(()),
    plan,
    knock,
    patience: Duration::from_secs(30),
};

/// The account that owns the data folder when we are root: PostgreSQL refuses to run as root.
pub(crate) const ACCOUNT: &str = "postgres";
/// The superuser inside.
const ROLE: &str = "schildwacht";
const FAST_SHUTDOWN: Signal = Signal::INT;

fn plan(site: &Site) -> Result<Plan> {
    let data = site.folder.join("data");
    let password_file = site.folder.join("password");
    write_secret(&password_file, &site.password)?;
    for path in [&site.folder, &password_file] {
        give_to(ACCOUNT, path)?;
    }
    let initdb = program("initdb").context("initdb is not installed")?;
    let output = as_user(Some(ACCOUNT), Lifetime::Ours, FAST_SHUTDOWN, &initdb)
        .arg("--pgdata")
        .arg(&data)
        .args(["--username", ROLE, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--pwfile"])
        .arg(&password_file)
        .current_dir("/")
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let settings = [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=500",
        // A commit reaches the kernel all the same, so that killing the server loses none.
        "fsync=off",
        "full_page_writes=off",
        "jit=off",
        // Databases come and go by the hundred; what they wrote is dropped with them.
        "max_wal_size=512MB",
    ];
    let mut arguments = vec!["-D".to_owned(), data.display().to_string(), "-p".to_owned(), site.port.to_string()];
    arguments.extend(settings.iter().flat_map(|setting| ["-c".to_owned(), (*setting).to_owned()]));
    Ok(Plan {
        program: program("postgres").context("postgres is not installed")?,
        arguments,
        environment: Vec::new(),
        user: Some(ACCOUNT),
        stop: FAST_SHUTDOWN,
        address: format!("postgres://{ROLE}:{}@127.0.0.1:{}/postgres", site.password, site.port),
        ready,
    })
}

/// Over TLS only, whatever a client asks for.
pub(crate) fn encrypted(site: &Site, pem: &Pem) -> Result<Plan> {
    let mut plan = plan(site)?;
    fs::write(site.folder.join("data/pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\n")?;
    let settings =
        ["ssl=on".to_owned(), format!("ssl_cert_file={}", pem.certificate.display()), format!("ssl_key_file={}", pem.key.display())];
    plan.arguments.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
    Ok(plan)
}

/// Its pid file ends in the line `ready` once it takes connections.
fn ready(site: &Site) -> bool {
    let pid_file = fs::read_to_string(site.folder.join("data/postmaster.pid")).unwrap_or_default();
    let says_ready = pid_file.lines().nth(7).is_some_and(|state| state.trim() == "ready");
    says_ready && TcpStream::connect(("127.0.0.1", site.port)).is_ok()
}

/// Without its client, which Debian installs with the server, only the port is probed.
fn knock(address: &str) -> Result<()> {
    let Address { user, password, host, port, path } = Address::parse(address)?;
    TcpStream::connect((host, port)).with_context(|| format!("nobody listens on {host}:{port}"))?;
    let Some(client) = find("psql") else { return Ok(()) };
    let output = Command::new(client)
        .args(["--no-psqlrc", "--no-password", "--command", "SELECT 1"])
        .arg(format!("postgres://{user}@{host}:{port}{path}"))
        // Everybody may read the arguments of a process.
        .envs([("PGPASSWORD", password), ("PGCONNECT_TIMEOUT", "5")])
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// Debian keeps the server's programs of each version apart, off the path; the newest is taken.
fn program(name: &str) -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin").join(name))))
        .filter(|(_, path)| is_program(path))
        .collect();
    found.sort();
    found.pop().map(|(_, path)| path).or_else(|| find(name))
}
