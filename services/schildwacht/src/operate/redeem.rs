//! `schildwacht gateways redeem`: what the machine at a school does with a code. It has no other credential.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use runtime::{config::is_loopback, private_file};
use serde::Deserialize;

use super::say;
use crate::cli::RedeemOptions;

const PATIENCE: Duration = Duration::from_secs(30);

/// RFC 9457, as far as it is for people.
#[derive(Deserialize)]
struct Problem {
    title: String,
}

/// Writes the secret and the addresses to a file.
pub async fn redeem(options: &RedeemOptions) -> Result<()> {
    let RedeemOptions { code, url, to, mesh } = options;
    let is_safe = url.scheme() == "https" || is_loopback(url) || *mesh;
    ensure!(is_safe, "--url: the secret would come from {url} in clear; give an address with https://, or --mesh where a mesh encrypts it");
    // Asked first, since a code works once.
    require_writable(to)?;
    let mut address = url.join(identity::ENROL).with_context(|| format!("{url} is no address"))?;
    address.set_query(Some("format=env"));
    let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?;
    let answer = client
        .post(address)
        .form(&[("code", code)])
        .send()
        .await
        .with_context(|| format!("nothing answers at {url}; is the address right?"))?;
    let status = answer.status();
    let text = answer.text().await.with_context(|| format!("the answer of {url} broke off; ask the school for another code"))?;
    if !status.is_success() {
        let Ok(Problem { title }) = serde_json::from_str(&text) else {
            bail!("{url} answered {status}, which is not Schildwacht: is the address right?");
        };
        bail!("{title}");
    }
    ensure!(text.starts_with("SCHILDWACHT_"), "{url} did not answer like Schildwacht: is the address right?");
    private_file::write(to, &text)?;
    say(format!("{} has the client secret and the addresses for the agent; docs/sensors says where they go", to.display()))
}

fn require_writable(file: &Path) -> Result<()> {
    ensure!(!file.is_dir(), "--to: {} is a folder; name a file in it", file.display());
    private_file::require_writable(file).context("the code is not used yet")
}
