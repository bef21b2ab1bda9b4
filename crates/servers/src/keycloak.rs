//! Keycloak from its Maven coordinates, with its database in a file. It comes with an administrator and no realm of ours: each
//! test imports the project's realm under a name of its own.
//!
//! Its first start makes a database and loads some twenty thousand classes, and both take most of its time: it is made once, and
//! every other start is given what it left. That takes a third of the time.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::{
    address::Address,
    cache,
    install::{Program, find},
    java::{self, JAVA, MAVEN},
    maven,
    ports::free_port,
    server::{Plan, Server, Site, random_hex, scratch, write_secret},
};

/// `compose.yaml` names the same.
pub const VERSION: &str = "26.7.0";

const SUM: &str = "e63bd0167199c0092b8a4d22cc137e6b7a70e0089070f6f7799b1be504b69a8a";

pub const SERVER: Server = Server {
    name: "Keycloak",
    variable: "SCHILDWACHT_TEST_KEYCLOAK",
    programs: &[JAVA, MAVEN, Program { name: "unzip", packages: &["unzip"], is_there: || find("unzip").is_some() }],
    fetch: || first_start().map(drop),
    plan,
    knock,
    patience: Duration::from_secs(120),
};

/// The administrator of all realms. The password is generated at each first start, and only its owner can read it there.
pub const ADMINISTRATOR: &str = "admin";

/// What a running one needs of its home; its data folder is its own.
const PARTS: [&str; 4] = ["conf", "lib", "providers", "themes"];

/// The list that the realm's password policy names; without its file no realm with that policy can be imported.
const LEAKED_PASSWORDS: &str = include_str!("../../../k8s/keycloak/leaked-passwords.txt");
const LEAKED_PASSWORDS_FILE: &str = "data/password-blacklists/leaked-passwords.txt";
const DATABASE: &str = "data/h2/keycloakdb.mv.db";
const CLASSES: &str = "classes.jsa";
const PASSWORD: &str = "password";

fn plan(site: &Site) -> Result<Plan> {
    let first = first_start()?;
    let database = site.folder.join(DATABASE);
    fs::create_dir_all(database.parent().context("the database is in a folder")?)?;
    fs::copy(first.join("keycloakdb.mv.db"), database)?;
    let list = site.folder.join(LEAKED_PASSWORDS_FILE);
    fs::create_dir_all(list.parent().context("the list is in a folder")?)?;
    fs::write(list, LEAKED_PASSWORDS)?;
    let password = fs::read_to_string(first.join(PASSWORD))?;
    serve(site, &password, &[format!("-XX:SharedArchiveFile={}", first.join(CLASSES).display()), java::QUIET.to_owned()])
}

/// What a first start left: the database with the realm of administrators, and the classes it loaded.
fn first_start() -> Result<PathBuf> {
    home()?;
    let java = java::version()?;
    cache::once(&format!("keycloak-{VERSION}-first-start-{java}"), |folder| {
        let scratch = scratch()?;
        let site = Site { folder: scratch.path().to_owned(), port: free_port()?, second_port: free_port()?, password: random_hex()? };
        let classes = folder.join(CLASSES);
        let plan = serve(&site, &site.password, &[format!("-XX:ArchiveClassesAtExit={}", classes.display())])?;
        java::keep_classes(&plan, &site, &classes).context("Keycloak's first start")?;
        fs::copy(site.folder.join(DATABASE), folder.join("keycloakdb.mv.db")).context("Keycloak's first start left no database")?;
        write_secret(&folder.join(PASSWORD), &site.password)
    })
}

/// How to run it in this folder; the options are Java's.
fn serve(site: &Site, password: &str, options: &[String]) -> Result<Plan> {
    let home = home()?;
    for part in PARTS {
        symlink(home.join(part), site.folder.join(part))?;
    }
    let mut arguments = java_arguments(&home, &site.folder, options);
    arguments.extend(
        [
            "start",
            "--optimized",
            "--cache=local",
            "--http-enabled=true",
            "--hostname-strict=false",
            "--http-host=127.0.0.1",
            &format!("--http-port={}", site.port),
            "--log-level=warn",
        ]
        .map(ToOwned::to_owned),
    );
    Ok(Plan {
        program: java::program()?,
        arguments,
        environment: vec![("KC_BOOTSTRAP_ADMIN_USERNAME", ADMINISTRATOR.to_owned()), ("KC_BOOTSTRAP_ADMIN_PASSWORD", password.to_owned())],
        user: None,
        stop: Signal::TERM,
        address: format!("http://{ADMINISTRATOR}:{password}@127.0.0.1:{}", site.port),
        ready: |site| answers(site.port).unwrap_or(false),
    })
}

/// As `kc.sh` calls it. The script would start in the cache and keep its data there. The program is named by its place in the cache,
/// as kept classes are only taken from there.
fn java_arguments(home: &Path, folder: &Path, options: &[String]) -> Vec<String> {
    let opened = ["java.util", "java.util.concurrent", "java.security", "java.lang"];
    let mut arguments: Vec<String> = java::SHORT_LIVED.map(ToOwned::to_owned).into();
    arguments.extend_from_slice(options);
    let further = [
        "-Xms256m",
        "-Xmx384m",
        "-XX:+ExitOnOutOfMemoryError",
        "-Dfile.encoding=UTF-8",
        "-Djava.security.egd=file:/dev/urandom",
        "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
        "-Dpicocli.disable.closures=true",
        "-Dquarkus-log-max-startup-records=10000",
        "-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
    ];
    arguments.extend(further.map(ToOwned::to_owned));
    arguments.extend(opened.map(|package| format!("--add-opens=java.base/{package}=ALL-UNNAMED")));
    arguments.extend([
        format!("-Dkc.home.dir={}", folder.display()),
        format!("-Djboss.server.config.dir={}", folder.join("conf").display()),
        "-cp".to_owned(),
        home.join("lib/quarkus-run.jar").display().to_string(),
        "io.quarkus.bootstrap.runner.QuarkusEntryPoint".to_owned(),
    ]);
    arguments
}

/// The unpacked distribution, built for a database in a file. Keycloak builds itself once for the options it is given.
fn home() -> Result<PathBuf> {
    cache::once(&format!("keycloak-{VERSION}-dev-file"), |folder| {
        eprintln!("── fetch: Keycloak {VERSION}, which then builds itself: about a minute");
        let archive = format!("keycloak-quarkus-dist-{VERSION}.zip");
        let fetched = folder.join("fetched");
        fs::create_dir(&fetched)?;
        maven::copy(&format!("org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"), &fetched)?;
        cache::verify(&fetched, &format!("{SUM}  {archive}\n")).context("Keycloak's archive")?;
        run(Command::new("unzip").arg("-q").arg(fetched.join(&archive)).arg("-d").arg(&fetched), "unpack")?;
        let unpacked = fetched.join(format!("keycloak-{VERSION}"));
        let script = unpacked.join("bin/kc.sh");
        run(Command::new("sh").arg(script).args(["build", "--db=dev-file", "--health-enabled=false", "--metrics-enabled=false"]), "build")?;
        for part in PARTS {
            fs::rename(unpacked.join(part), folder.join(part))?;
        }
        Ok(fs::remove_dir_all(fetched)?)
    })
}

fn run(command: &mut Command, what: &str) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot {what} Keycloak"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("cannot {what} Keycloak: {}", String::from_utf8_lossy(&said).trim());
    }
    Ok(())
}

/// It listens before it is ready, and answers for the first realm when it is.
fn answers(port: u16) -> std::io::Result<bool> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(connection, "GET /realms/master HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n")?;
    let mut head = [0; 12];
    connection.read_exact(&mut head)?;
    Ok(&head == b"HTTP/1.1 200")
}

/// Signs in as the administrator. Over https only the port is probed.
fn knock(address: &str) -> Result<()> {
    let Address { user, password, host, port, path } = Address::parse(address)?;
    let mut connection = TcpStream::connect((host, port)).with_context(|| format!("nobody listens on {host}:{port}"))?;
    if !address.starts_with("http://") {
        return Ok(());
    }
    connection.set_read_timeout(Some(Duration::from_secs(15)))?;
    let form = format!("grant_type=password&client_id=admin-cli&username={user}&password={password}");
    let path = path.trim_end_matches('/');
    write!(
        connection,
        "POST {path}/realms/master/protocol/openid-connect/token HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    )?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    if !answer.starts_with("HTTP/1.1 200") {
        let said = answer.lines().find(|line| line.starts_with('{')).or_else(|| answer.lines().next());
        bail!("{}", said.unwrap_or("it hung up"));
    }
    Ok(())
}
