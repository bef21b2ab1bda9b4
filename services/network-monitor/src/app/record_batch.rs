//! Records what a batch of sensor events says of devices and alerts, in the consumer's transaction.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    ops::RangeInclusive,
};

use auth::{Action, Context};
use chrono::{DateTime, Utc};
use events::{Topic, outbox};
use runtime::{DeviceId, GatewayId, Result, SchoolId};
use storage::{Txn, classified::Class};

use super::{App, Outcome, Tally};
use crate::{
    domain::{
        alert::NamedAlert,
        alert_change::Arrival,
        alert_fold::AlertFold,
        bounds::Allowance,
        detection::{Detection, SignatureId},
        device::Device,
        fold::DeviceFold,
        roster::{DeviceChange, Roster},
        sighting::Sighting,
        usage,
    },
    outbound::alert_event,
    store::{self, device::Wanted},
};

/// What was gathered from the records of one transaction.
#[derive(Debug, Default)]
pub struct Gathered {
    schools: BTreeMap<SchoolId, SchoolBatch>,
    /// What led to each record.
    traces: Vec<Vec<(String, String)>>,
    tally: Tally,
    events: usize,
}

#[derive(Debug, Default)]
struct SchoolBatch {
    devices: DeviceFold,
    alerts: AlertFold,
    heard: DateTime<Utc>,
    gateways: BTreeMap<GatewayId, DateTime<Utc>>,
}

impl Gathered {
    /// A record of a school begins. `trace` is what led to it.
    pub fn record(
        &mut self,
        school: SchoolId,
        gateway: Option<GatewayId>,
        received: DateTime<Utc>,
        trace: Vec<(String, String)>,
    ) -> Record<'_> {
        let origin = self.traces.len();
        self.traces.push(trace);
        let batch = self.schools.entry(school).or_default();
        batch.heard = batch.heard.max(received);
        if let Some(gateway) = gateway {
            let heard = batch.gateways.entry(gateway).or_insert(received);
            *heard = received.max(*heard);
        }
        Record { batch, tally: &mut self.tally, events: &mut self.events, arrival: Arrival { gateway, received, origin } }
    }

    /// How many events were gathered.
    pub fn events(&self) -> usize {
        self.events
    }

    /// So many requests of a school were refused, because it sends more than it may. Its sensors were not heard by that.
    pub fn refused(&mut self, school: SchoolId, received: DateTime<Utc>, trace: Vec<(String, String)>, requests: usize) {
        let arrival = Arrival { gateway: None, received, origin: self.traces.len() };
        self.traces.push(trace);
        self.schools.entry(school).or_default().alerts.requests_refused(requests, arrival);
    }

    /// So many dead letters of a school gave way to newer ones. Its sensors were not heard by that.
    pub fn letters_gave_way(&mut self, school: SchoolId, now: DateTime<Utc>, letters: usize) {
        let arrival = Arrival { gateway: None, received: now, origin: self.traces.len() };
        self.traces.push(Vec::new());
        self.schools.entry(school).or_default().alerts.letters_gave_way(letters, arrival);
    }

    /// What to count, once the transaction has committed.
    pub fn into_tally(self) -> Tally {
        self.tally
    }
}

/// A record whose events are being gathered.
#[derive(Debug)]
pub struct Record<'g> {
    batch: &'g mut SchoolBatch,
    tally: &'g mut Tally,
    events: &'g mut usize,
    arrival: Arrival,
}

impl Record<'_> {
    /// An event that says something.
    pub fn understood(&mut self, kind: &'static str, sightings: impl IntoIterator<Item = Sighting>, detection: Option<Box<Detection<'_>>>) {
        *self.events += 1;
        self.tally.event(Outcome::Understood, kind);
        for sighting in sightings {
            self.batch.devices.add(sighting);
        }
        if let Some(detection) = detection {
            self.batch.alerts.add(*detection, self.arrival);
        }
    }

    /// An event that says nothing we use.
    pub fn unused(&mut self, kind: &'static str) {
        *self.events += 1;
        self.tally.event(Outcome::Unused, kind);
    }

    /// An event that cannot be read.
    pub fn unreadable(&mut self, reason: &'static str) {
        *self.events += 1;
        self.tally.event(Outcome::Unreadable, reason);
    }
}

/// Takes all schools out of what was gathered, which keeps its tally only.
pub async fn record_batch(app: &App, cx: &Context, txn: &Txn, gathered: &mut Gathered) -> Result<()> {
    let Gathered { schools, traces, tally, events: _ } = gathered;
    // In the order of their ids, since each is locked until the end.
    for (school, batch) in std::mem::take(schools) {
        cx.require(Action::AlertRecord, school)?;
        let before = store::contact::hear(txn, school, batch.heard, cx.clock.now()).await?;
        store::contact::hear_gateways(txn, school, &batch.gateways).await?;
        let mut allowance = before;
        record_school(app, cx, txn, School { id: school, allowance: &mut allowance }, batch, traces, tally).await?;
        if allowance != before {
            store::contact::keep_allowance(txn, school, &allowance).await?;
        }
    }
    Ok(())
}

/// A school, and what it may still bring.
struct School<'s> {
    id: SchoolId,
    allowance: &'s mut Allowance,
}

async fn record_school(
    app: &App,
    cx: &Context,
    txn: &Txn,
    school: School<'_>,
    batch: SchoolBatch,
    traces: &[Vec<(String, String)>],
    tally: &mut Tally,
) -> Result<()> {
    let School { id: school, allowance } = school;
    let bounds = &app.bounds;
    let SchoolBatch { mut devices, mut alerts, heard, gateways: _ } = batch;
    let left_out = devices.limit();
    alerts.limit();
    let Some(moments) = moments_of(&devices, &alerts) else { return Ok(()) };
    let mut ips = devices.ips();
    ips.extend(alerts.ips());
    let now = cx.clock.now();
    // The content says it of every class.
    let use_days = app.periods.days(Class::DeviceUse, now).unwrap_or_default();
    let first_kept = usage::first_kept(now, use_days);
    let wanted = Wanted { macs: devices.macs(), ips, moments, first_kept };
    let mut roster = Roster::new(
        store::device::load(txn, school, &wanted).await?,
        allowance.room_for_devices(bounds.devices, bounds.new_devices_per_hour),
        first_kept,
    );
    roster.apply(&devices, heard, &cx.ids);
    alerts.devices_turned_away(left_out + roster.turned_away(), heard);

    let outcome = if alerts.is_empty() {
        Default::default()
    } else {
        let known = store::alert::load(txn, school, &alerts).await?;
        let now = cx.clock.now();
        let quiet = store::suppression::in_force(txn, school, now).await?;
        let is_quiet = |signature: &SignatureId| quiet.iter().any(|one| one.quiets(school, signature, now));
        alerts.apply(known, school, is_quiet, allowance.room_for_alerts(bounds.new_alerts_per_hour), now, &cx.ids)
    };
    let mut changed_alerts = outcome.changes;
    let mut names: HashMap<DeviceId, String> = HashMap::new();
    for change in &mut changed_alerts {
        let alert = &mut change.alert;
        let mut device_at = |ip: Option<IpAddr>| {
            let device: &Device = roster.holder(ip?, alert.last)?;
            names.entry(device.id).or_insert_with(|| device.own_name().unwrap_or_default().to_owned());
            Some(device.id)
        };
        alert.source_device = device_at(alert.source.ip).or(alert.source_device);
        alert.destination_device = device_at(alert.destination.ip).or(alert.destination_device);
        change.devices = alert.source_device.into_iter().chain(alert.destination_device).collect();
        change.devices.extend(alert.destinations.named().iter().filter_map(|ip| device_at(Some(*ip))));
    }

    let changed_devices = roster.into_changes();
    store::device::save(txn, school, &changed_devices).await?;
    store::alert::save(txn, &changed_alerts).await?;
    for change in &changed_devices {
        if let DeviceChange::Absorbed { from, into } = change {
            store::alert::repoint(txn, *from, *into).await?;
        }
    }

    tally.alerts("repeated", outcome.repeated);
    tally.alerts("suppressed", outcome.suppressed);
    tally.alerts("flooded", outcome.flooded);
    for change in changed_alerts {
        tally.alerts(if change.is_new { "opened" } else { "grown" }, 1);
        let Some(announcement) = change.announcement else { continue };
        let name_of = |device: Option<DeviceId>| device.and_then(|id| names.get(&id)).cloned().unwrap_or_default();
        let (source_name, destination_name) = (name_of(change.alert.source_device), name_of(change.alert.destination_device));
        let named = NamedAlert { alert: change.alert, source_name, destination_name };
        let trace = traces.get(change.origin).cloned().unwrap_or_default();
        outbox::add(txn, Topic::Alert, alert_event(cx, &named, announcement).with_trace(trace)).await?;
    }
    let (mut appeared, mut absorbed) = (0, 0);
    for change in &changed_devices {
        let kind = match change {
            DeviceChange::Appeared(_) => {
                appeared += 1;
                "appeared"
            }
            DeviceChange::Updated { .. } => "updated",
            DeviceChange::Absorbed { .. } => {
                absorbed += 1;
                "absorbed"
            }
        };
        tally.devices(kind, 1);
    }
    allowance.count(appeared, absorbed, outcome.opened);
    Ok(())
}

fn moments_of(devices: &DeviceFold, alerts: &AlertFold) -> Option<RangeInclusive<DateTime<Utc>>> {
    match (devices.moments(), alerts.reach()) {
        (Some(seen), Some(alerted)) => Some(*seen.start().min(alerted.start())..=*seen.end().max(alerted.end())),
        (seen, alerted) => seen.or(alerted),
    }
}
