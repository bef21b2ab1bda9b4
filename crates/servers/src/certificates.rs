//! A throw-away authority and what it signed, for servers that speak TLS. Made for each run, so that nothing expires in the
//! checkout and no machine trusts it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{install::find, server::write_secret};

/// Days, of which tests need a minute.
const VALIDITY: &str = "2";
/// How `keytool`, which comes with Java, and `openssl` find the password: everybody may read the arguments of a process.
const PASSWORD: &str = "SCHILDWACHT_STORE_PASSWORD";

/// A certificate for 127.0.0.1 with its key, and the authority behind it.
#[derive(Debug)]
pub struct Certificates {
    /// For clients: the authority's certificate (PEM). Its key is thrown away.
    pub authority: PathBuf,
    /// For the server: certificate, chain and key (PKCS #12).
    pub(crate) store: PathBuf,
}

/// Files in PEM, for a server.
#[derive(Debug)]
pub struct Pem {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Certificates {
    /// Makes them in a folder; the password is the store's.
    pub fn make(folder: &Path, password: &str) -> Result<Self> {
        let made = Self { authority: folder.join("authority.pem"), store: folder.join("server.p12") };
        let key = ["-keyalg", "EC", "-groupname", "secp256r1", "-validity", VALIDITY];
        let sign = ["-ext", "BasicConstraints:critical=ca:true", "-ext", "KeyUsage:critical=keyCertSign"];
        let keytool = |command: &str, alias: &str, further: &[&str]| made.keytool(password, command, alias, further);
        keytool("-genkeypair", "authority", &[&["-dname", "CN=Schildwacht test authority"], &key[..], &sign[..]].concat())?;
        keytool("-exportcert", "authority", &["-rfc", "-file", &made.authority.display().to_string()])?;
        let server = ["-signer", "authority", "-dname", "CN=127.0.0.1", "-ext", "SubjectAlternativeName=ip:127.0.0.1"];
        keytool("-genkeypair", "server", &[&server[..], &key[..]].concat())?;
        // A server might show it in place of its own.
        keytool("-delete", "authority", &[])?;
        Ok(made)
    }

    /// The same for servers that read PEM: the certificate and its key in files of their own beside the store, readable by this account
    /// only.
    pub fn pem(&self, password: &str) -> Result<Pem> {
        let pem = Pem { certificate: self.store.with_extension("crt"), key: self.store.with_extension("key") };
        let [store, as_java_writes_it] = [self.store.clone(), self.store.with_extension("pkcs8")];
        let from_store = ["pkcs12", "-noenc", "-passin", &format!("env:{PASSWORD}")];
        write_secret(&pem.certificate, openssl(password, &[&from_store[..], &["-nokeys"]].concat(), &store)?)?;
        write_secret(&as_java_writes_it, openssl(password, &[&from_store[..], &["-nocerts"]].concat(), &store)?)?;
        // With the public key, which Java leaves out and rustls wants to see.
        write_secret(&pem.key, openssl(password, &["ec"], &as_java_writes_it)?)?;
        Ok(pem)
    }

    fn keytool(&self, password: &str, command: &str, alias: &str, further: &[&str]) -> Result<()> {
        let output = Command::new(find("keytool").context("keytool, which comes with Java, is not installed")?)
            .args([command, "-alias", alias, "-storetype", "PKCS12", "-storepass:env", PASSWORD, "-keystore"])
            .arg(&self.store)
            .args(further)
            .env(PASSWORD, password)
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            bail!("keytool {command} failed: {}", String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim());
        }
        Ok(())
    }
}

/// What it writes. Debian's PostgreSQL depends on it.
fn openssl(password: &str, arguments: &[&str], input: &Path) -> Result<Vec<u8>> {
    let output = Command::new(find("openssl").context("openssl is not installed")?)
        .args(arguments)
        .arg("-in")
        .arg(input)
        .env(PASSWORD, password)
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        bail!("openssl {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}
