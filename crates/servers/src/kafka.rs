//! Apache Kafka in KRaft mode from its Maven coordinates: one broker for all tests, a cluster for a test that stops brokers, or a
//! broker that wants TLS and a password.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    address::Address,
    cache,
    java::{self, JAVA, MAVEN},
    maven,
    ports::free_port,
    process::Interrupt,
    server::{Lifetime, Plan, Running, Server, Site, scratch, write_secret},
};

mod classes;
mod secured;

pub use secured::Secured;

/// `compose.yaml` names the same.
pub const VERSION: &str = "4.4.0";

const POM: &str = include_str!("kafka/pom.xml");
/// Of every library that the pom leads to.
const SUMS: &str = include_str!("kafka/SHA256SUMS");

pub const SERVER: Server = Server {
    name: "Kafka",
    variable: "SCHILDWACHT_TEST_KAFKA",
    programs: &[JAVA, MAVEN],
    fetch,
    plan: |site| plan(&Broker::alone(site)),
    knock,
    patience: Duration::from_secs(60),
};

fn fetch() -> Result<()> {
    libraries()?;
    classes_option().map(drop)
}

fn classes_option() -> Result<String> {
    classes::option(VERSION, |site, options| {
        let broker = Broker::alone(site);
        prepare(&broker, &[])?;
        serve(&broker, options)
    })
}

/// Any; the same for all brokers of a cluster.
const CLUSTER_ID: &str = "c2NoaWxkd2FjaHQtdGVzdA";

/// A broker in its cluster.
struct Broker<'a> {
    id: usize,
    site: &'a Site,
    /// Where each node's controller listens.
    controllers: Vec<u16>,
    /// The port for clients with TLS and a password, if there is one.
    secured_port: Option<u16>,
    /// The account for that port, in the form of Kafka's tools.
    user: Option<String>,
    /// Further lines of its configuration.
    further: &'a str,
}

impl<'a> Broker<'a> {
    fn alone(site: &'a Site) -> Self {
        Self { id: 1, site, controllers: vec![site.second_port], secured_port: None, user: None, further: "" }
    }

    fn config(&self) -> PathBuf {
        self.site.folder.join("server.properties")
    }

    /// Its configuration. Segments are small and looked after often, so that tests of retention and compaction need not wait long.
    fn properties(&self) -> String {
        let Site { folder, port, second_port, .. } = self.site;
        let voters: Vec<String> =
            self.controllers.iter().enumerate().map(|(index, port)| format!("{}@127.0.0.1:{port}", index + 1)).collect();
        let secured = self.secured_port.map(|port| format!(",SECURED://127.0.0.1:{port}")).unwrap_or_default();
        let nodes = self.controllers.len();
        let (copies, in_sync) = (nodes.min(3), if nodes >= 3 { 2 } else { 1 });
        format!(
            "process.roles=broker,controller\n\
             node.id={id}\n\
             controller.quorum.voters={voters}\n\
             listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{second_port}{secured}\n\
             advertised.listeners=BROKER://127.0.0.1:{port}{secured}\n\
             listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL\n\
             inter.broker.listener.name=BROKER\n\
             controller.listener.names=CONTROLLER\n\
             log.dirs={data}\n\
             auto.create.topics.enable=false\n\
             offsets.topic.num.partitions=4\n\
             offsets.topic.replication.factor={copies}\n\
             transaction.state.log.num.partitions=1\n\
             transaction.state.log.replication.factor={copies}\n\
             transaction.state.log.min.isr={in_sync}\n\
             share.coordinator.state.topic.num.partitions=1\n\
             share.coordinator.state.topic.replication.factor={copies}\n\
             share.coordinator.state.topic.min.isr={in_sync}\n\
             group.initial.rebalance.delay.ms=0\n\
             log.index.size.max.bytes=1048576\n\
             log.retention.check.interval.ms=3000\n\
             log.cleaner.backoff.ms=3000\n\
             {further}",
            id = self.id,
            voters = voters.join(","),
            data = folder.join("data").display(),
            further = self.further,
        )
    }
}

fn plan(broker: &Broker<'_>) -> Result<Plan> {
    let options = [classes_option()?, java::QUIET.to_owned()];
    prepare(broker, &options)?;
    serve(broker, &options)
}

/// Writes its configuration and prepares its data folder; the options are Java's.
fn prepare(broker: &Broker<'_>, options: &[String]) -> Result<()> {
    let config = broker.config();
    write_secret(&config, broker.properties())?;
    // In a file, since everybody may read the arguments of a process.
    let format = broker.site.folder.join("format");
    let mut lines = vec!["format".to_owned(), "--cluster-id".to_owned(), CLUSTER_ID.to_owned()];
    lines.extend(["--config".to_owned(), config.display().to_string()]);
    lines.extend(broker.user.iter().flat_map(|user| ["--add-scram".to_owned(), user.clone()]));
    write_secret(&format, lines.join("\n"))?;
    let output = Command::new(java::program()?)
        .args(java_arguments(options, "64m", "kafka.tools.StorageTool")?)
        .arg(format!("@{}", format.display()))
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        bail!("Kafka cannot prepare its data folder: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// How to run it once it is prepared; the options are Java's.
fn serve(broker: &Broker<'_>, options: &[String]) -> Result<Plan> {
    let mut arguments = java_arguments(options, "768m", "kafka.Kafka")?;
    arguments.push(broker.config().display().to_string());
    Ok(Plan {
        program: java::program()?,
        arguments,
        environment: Vec::new(),
        user: None,
        stop: Signal::TERM,
        address: format!("127.0.0.1:{}", broker.site.port),
        ready: |site| answers("127.0.0.1", site.port).unwrap_or(false),
    })
}

fn java_arguments(options: &[String], memory: &str, class: &str) -> Result<Vec<String>> {
    let mut arguments: Vec<String> = java::SHORT_LIVED.map(ToOwned::to_owned).into();
    arguments.extend_from_slice(options);
    arguments.extend([
        format!("-Xmx{memory}"),
        "-Dorg.slf4j.simpleLogger.logFile=System.err".to_owned(),
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error".to_owned(),
        "-cp".to_owned(),
        libraries()?.join("*").display().to_string(),
        class.to_owned(),
    ]);
    Ok(arguments)
}

/// The folder with Kafka's libraries.
fn libraries() -> Result<PathBuf> {
    cache::once(&format!("kafka-{VERSION}"), |folder| {
        eprintln!("── fetch: Kafka {VERSION}");
        maven::copy_dependencies(POM, folder)?;
        cache::verify(folder, SUMS).context("Kafka's libraries")
    })
}

/// A broker answers requests once it has joined its cluster; we ask for the versions it speaks (`ApiVersions`, version 0).
fn answers(host: &str, port: u16) -> std::io::Result<bool> {
    const REQUEST: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];
    let mut connection = TcpStream::connect((host, port))?;
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    connection.write_all(&REQUEST)?;
    let mut head = [0; 8];
    connection.read_exact(&mut head)?;
    Ok(head.ends_with(&[0, 0, 0, 1]))
}

/// Asks the first of those named.
fn knock(brokers: &str) -> Result<()> {
    let first = brokers.split(',').next().unwrap_or_default();
    let Address { host, port, .. } = Address::parse(first)?;
    match answers(host, port).with_context(|| format!("{first} is no broker that answers in clear"))? {
        true => Ok(()),
        false => bail!("{first} answers as no broker does"),
    }
}

/// Brokers for one test alone, any of which it may stop or kill. Each is a controller too.
#[derive(Debug)]
pub struct Cluster {
    brokers: Vec<Running>,
    // After the brokers, which write there until they end.
    _scratch: TempDir,
}

impl Cluster {
    /// Starts so many brokers, with further lines of configuration for each.
    pub fn start(brokers: usize, further: &str) -> Result<Self> {
        fetch()?;
        let scratch = scratch()?;
        let sites = (1..=brokers).map(|id| {
            let folder = scratch.path().join(format!("kafka-{id}"));
            fs::create_dir(&folder)?;
            Ok(Site { folder, port: free_port()?, second_port: free_port()?, password: String::new() })
        });
        let sites: Vec<Site> = sites.collect::<Result<_>>()?;
        let controllers: Vec<u16> = sites.iter().map(|site| site.second_port).collect();
        let mut running = Vec::new();
        for (index, site) in sites.into_iter().enumerate() {
            let broker = Broker { id: index + 1, controllers: controllers.clone(), further, ..Broker::alone(&site) };
            let plan = plan(&broker)?;
            running.push(Running::planned(SERVER, site, plan, Lifetime::Ours));
        }
        // All at once: none becomes ready before most of them are there.
        for broker in &mut running {
            broker.launch()?;
        }
        for broker in &mut running {
            broker.await_ready(&Interrupt::never())?;
        }
        Ok(Self { brokers: running, _scratch: scratch })
    }

    /// For `events.kafka.brokers`.
    pub fn addresses(&self) -> String {
        self.brokers.iter().map(Running::address).collect::<Vec<_>>().join(",")
    }

    /// A broker, counted from 0.
    pub fn broker(&mut self, index: usize) -> Result<&mut Running> {
        self.brokers.get_mut(index).context("there are fewer brokers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_brokers_know_each_other_and_keep_a_majority() {
        let site = Site { folder: "/x".into(), port: 1, second_port: 12, password: String::new() };
        let broker = Broker { id: 2, controllers: vec![11, 12, 13], further: "a=b\n", ..Broker::alone(&site) };
        let properties = broker.properties();
        for line in [
            "node.id=2",
            "controller.quorum.voters=1@127.0.0.1:11,2@127.0.0.1:12,3@127.0.0.1:13",
            "listeners=BROKER://127.0.0.1:1,CONTROLLER://127.0.0.1:12",
            "transaction.state.log.min.isr=2",
            "a=b",
        ] {
            assert!(properties.lines().any(|found| found == line), "{line} is missing in\n{properties}");
        }
    }

    #[test]
    fn the_version_is_said_once() {
        assert!(POM.contains(&format!("<version>{VERSION}</version>")));
        assert!(SUMS.contains(&format!("  kafka_2.13-{VERSION}.jar")));
    }
}
