//! Kafka's classes as Java keeps them once they are loaded. With them a start takes a third of the time and of the work.

use anyhow::{Context, Result};

use crate::{
    cache, java,
    ports::free_port,
    server::{Plan, Site, scratch},
};

const NAME: &str = "broker.jsa";

/// The option that uses them; they are those of a broker that runs by this plan with these further options.
pub(super) fn option(kafka: &str, plan: impl FnOnce(&Site, &[String]) -> Result<Plan>) -> Result<String> {
    let version = java::version()?;
    let folder = cache::once(&format!("kafka-{kafka}-classes-{version}"), |folder| {
        let scratch = scratch()?;
        let site = Site { folder: scratch.path().to_owned(), port: free_port()?, second_port: free_port()?, password: String::new() };
        let archive = folder.join(NAME);
        let plan = plan(&site, &[format!("-XX:ArchiveClassesAtExit={}", archive.display())])?;
        java::keep_classes(&plan, &site, &archive).context("Kafka's classes cannot be kept")
    })?;
    Ok(format!("-XX:SharedArchiveFile={}", folder.join(NAME).display()))
}
