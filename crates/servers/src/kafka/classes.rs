//! Kafka's classes as Java keeps them once they are loaded. With them a start takes a third of the time and of the work.

use anyhow::{Context, Result};

use super::{Broker, VERSION, prepare, serve};
use crate::{
    cache, java,
    ports::free_port,
    server::{Site, scratch},
};

const NAME: &str = "broker.jsa";

/// The option that uses them.
pub(super) fn option() -> Result<String> {
    let version = java::version()?;
    let folder = cache::once(&format!("kafka-{VERSION}-classes-{version}"), |folder| {
        let scratch = scratch()?;
        let site = Site { folder: scratch.path().to_owned(), port: free_port()?, second_port: free_port()?, password: String::new() };
        let broker = Broker::alone(&site);
        prepare(&broker, &[])?;
        let archive = folder.join(NAME);
        let plan = serve(&broker, &[format!("-XX:ArchiveClassesAtExit={}", archive.display())])?;
        java::keep_classes(&plan, &site, &archive).context("Kafka's classes cannot be kept")
    })?;
    Ok(format!("-XX:SharedArchiveFile={}", folder.join(NAME).display()))
}
