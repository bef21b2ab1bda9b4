//! Posts the generated events as the schools' gateways do: first the history, then live, until shutdown.

use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::{DateTime, TimeDelta, Utc};
use identity::demo::DemoGateway;
use runtime::{Clock, Shutdown};
use tracing::{info, warn};
use url::Url;

use super::{Density, Event, Generator, SchoolNetwork};
use crate::{
    access,
    send::{Batch, Encoding, Fate, Protocol, Sender},
};

/// How often a sensor posts.
const BEAT: Duration = Duration::from_secs(5);
/// After the first interval an incident begins, so that a newcomer need not wait for one.
const FIRST_TROUBLE: TimeDelta = TimeDelta::seconds(5);
const BATCH: usize = 500;
const RETRIES: u32 = 20;

/// Options of the demo.
#[derive(Debug, Clone)]
pub struct Plan {
    /// URL of telemetry-ingest.
    pub at: Url,
    pub issuer: Url,
    /// The same seed gives the same schools.
    pub seed: u64,
    /// Days to fill in before now.
    pub history_days: u16,
}

/// Runs until it is told to stop.
pub async fn run(plan: &Plan, gateways: Vec<DemoGateway>, clock: &Clock, shutdown: &Shutdown) -> Result<()> {
    let generator = Generator::new(plan.seed);
    let mut sensors = Vec::new();
    for gateway in gateways {
        let school = generator.schools().iter().find(|network| network.school().institution_number == gateway.institution_number);
        if let Some(network) = school {
            sensors.push(Sensor::new(plan, network, gateway, clock)?);
        }
    }
    let began = clock.now();
    let all = sensors.iter().enumerate().map(|(number, sensor)| sensor.live(number, began, plan.history_days, clock, shutdown));
    futures::future::try_join_all(all).await?;
    Ok(())
}

struct Sensor<'a> {
    network: &'a SchoolNetwork,
    sender: Sender,
}

impl<'a> Sensor<'a> {
    fn new(plan: &Plan, network: &'a SchoolNetwork, gateway: DemoGateway, clock: &Clock) -> Result<Self> {
        let credentials = access::of_demo_gateway(plan.issuer.clone(), gateway);
        let sender = Sender::new(&plan.at, Protocol::JsonLines, Encoding::Zstd, RETRIES, credentials, clock.clone())?;
        Ok(Self { network, sender })
    }

    async fn live(&self, number: usize, began: DateTime<Utc>, history_days: u16, clock: &Clock, shutdown: &Shutdown) -> Result<()> {
        let mut trouble = if number == 0 { self.network.trouble(began + FIRST_TROUBLE)? } else { Vec::new() };
        let past = self.past(began - TimeDelta::days(history_days.into()), began, shutdown);
        let now = async {
            let mut until = began;
            while shutdown.sleep(BEAT).await {
                let now = clock.now();
                let mut events = self.network.events(until..now, Density::Live)?;
                let happened = trouble.partition_point(|event| event.at < now);
                events.extend(trouble.drain(..happened));
                self.post(&events).await;
                until = now;
            }
            anyhow::Ok(())
        };
        let ((), ()) = futures::try_join!(past, now)?;
        Ok(())
    }

    /// Day by day, to limit memory here and load at the receiver.
    async fn past(&self, from: DateTime<Utc>, until: DateTime<Utc>, shutdown: &Shutdown) -> Result<()> {
        let mut day = from;
        while day < until && !shutdown.is_requested() {
            let next = (day + TimeDelta::days(1)).min(until);
            let events = self.network.events(day..next, Density::History)?;
            shutdown.or_stop(self.post(&events)).await;
            day = next;
        }
        Ok(())
    }

    async fn post(&self, events: &[Event]) {
        for events in events.chunks(BATCH) {
            let mut batch = Batch::default();
            events.iter().for_each(|event| batch.push(event.line.as_bytes()));
            let delivery = self.sender.deliver(batch).await;
            if let Fate::Refused(why) | Fate::GivenUp(why) | Fate::NoToken(why) = &delivery.fate {
                warn!(name: "demo.batch_lost", school = self.network.school().key, events = delivery.events, reason = %why, "events of the demo were not taken");
            }
        }
    }
}

/// Finds the demo's gateways in a data folder.
pub fn gateways(data_dir: &std::path::Path) -> Result<Vec<DemoGateway>> {
    let gateways = identity::demo::gateways(data_dir)?;
    let first = gateways.first();
    first.with_context(|| {
        format!("there are no schools of the demo in {}; start `schildwacht` with this data folder first", data_dir.display())
    })?;
    info!(name: "demo.started", gateways = gateways.len(), "demo schools are sending");
    Ok(gateways)
}
