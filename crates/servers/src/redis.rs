//! Redis as Debian packages it, or any on the path; in memory only.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::{
    address::Address,
    certificates::Pem,
    install::{Program, find},
    server::{Plan, Server, Site, give_to, write_secret},
};

pub const SERVER: Server = Server {
    name: "Redis",
    variable: "SCHILDWACHT_TEST_REDIS",
    programs: &[Program { name: "Redis", packages: &["redis-server"], is_there: || find("redis-server").is_some() }],
    fetch: || Ok(()),
    plan,
    knock,
    patience: Duration::from_secs(30),
};

pub(crate) const ACCOUNT: &str = "redis";

fn plan(site: &Site) -> Result<Plan> {
    with_ports(site, &format!("port {}", site.port))
}

/// Over TLS only. Its password is asked for all the same; certificates of clients are not.
pub(crate) fn encrypted(site: &Site, pem: &Pem) -> Result<Plan> {
    let Pem { certificate, key } = pem;
    let (port, certificate, key) = (site.port, certificate.display(), key.display());
    let ports = format!("port 0\ntls-port {port}\ntls-cert-file \"{certificate}\"\ntls-key-file \"{key}\"\ntls-auth-clients no");
    let ready = |site: &Site| TcpStream::connect(("127.0.0.1", site.port)).is_ok();
    Ok(Plan { address: format!("rediss://:{}@127.0.0.1:{port}", site.password), ready, ..with_ports(site, &ports)? })
}

fn with_ports(site: &Site, ports: &str) -> Result<Plan> {
    // In a file, since everybody may read the arguments of a process.
    let config = site.folder.join("redis.conf");
    let Site { folder, port, password, .. } = site;
    let lines = format!("bind 127.0.0.1\n{ports}\ndir \"{}\"\nsave \"\"\nappendonly no\nrequirepass {password}\n", folder.display());
    write_secret(&config, lines)?;
    for path in [folder, &config] {
        give_to(ACCOUNT, path)?;
    }
    Ok(Plan {
        program: find("redis-server").context("redis-server is not installed")?,
        arguments: vec![config.display().to_string()],
        environment: Vec::new(),
        user: Some(ACCOUNT),
        stop: Signal::TERM,
        address: format!("redis://:{password}@127.0.0.1:{port}"),
        ready: |site| answers(site).unwrap_or(false),
    })
}

fn answers(site: &Site) -> std::io::Result<bool> {
    let mut connection = TcpStream::connect(("127.0.0.1", site.port))?;
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    write!(connection, "AUTH {}\r\n", site.password)?;
    let mut answer = [0; 5];
    connection.read_exact(&mut answer)?;
    Ok(&answer == b"+OK\r\n")
}

fn knock(address: &str) -> Result<()> {
    let Address { user, password, host, port, .. } = Address::parse(address)?;
    let mut connection = TcpStream::connect((host, port)).with_context(|| format!("nobody listens on {host}:{port}"))?;
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    if !password.is_empty() {
        write!(connection, "AUTH {} {password}\r\n", if user.is_empty() { "default" } else { user })?;
    }
    connection.write_all(b"PING\r\n")?;
    for line in BufReader::new(connection).lines() {
        match line?.as_str() {
            "+OK" => {}
            "+PONG" => return Ok(()),
            refusal => bail!("{}", refusal.trim_start_matches('-')),
        }
    }
    bail!("it hung up")
}
