//! What tests need besides servers: the accessibility checker, the OpenTelemetry Collector and Suricata.

use std::time::Instant;

use servers::{collector, suricata};

use super::{axe, environment::Environment, report::Part};

/// Where they are, and how it went.
#[derive(Debug)]
pub struct Tools {
    pub environment: Environment,
    pub parts: Vec<Part>,
    pub notes: Vec<String>,
}

impl Tools {
    /// Finds them in the cache, or fetches and builds them.
    pub fn bring() -> Self {
        let (mut environment, mut parts, mut notes) = (Environment::new(), Vec::new(), Vec::new());
        let fetching = Instant::now();
        parts.push(match axe::script() {
            Ok(script) => {
                environment.set(servers::AXE, script);
                Part::ok("axe-core", fetching.elapsed(), "")
            }
            Err(error) => Part::failed("axe-core", fetching.elapsed(), format!("pages are not checked for accessibility: {error:#}")),
        });
        let building = Instant::now();
        match collector::program() {
            Ok(Some(program)) => {
                environment.set(collector::VARIABLE, program.display().to_string());
                parts.push(Part::ok("Collector", building.elapsed(), ""));
            }
            Ok(None) => notes.push("Go is not installed: the test of the OpenTelemetry Collector is skipped".to_owned()),
            Err(error) => parts.push(Part::failed("Collector", building.elapsed(), format!("its test is skipped: {error:#}"))),
        }
        let unpacking = Instant::now();
        match suricata::root() {
            Ok(Some(root)) => {
                environment.set(suricata::VARIABLE, root.display().to_string());
                parts.push(Part::ok("Suricata", unpacking.elapsed(), ""));
            }
            Ok(None) => notes.push("apt offers no Suricata here: the test of a real sensor is skipped".to_owned()),
            Err(error) => parts.push(Part::failed("Suricata", unpacking.elapsed(), format!("its test is skipped: {error:#}"))),
        }
        Self { environment, parts, notes }
    }
}
