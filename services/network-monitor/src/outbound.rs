//! What network-monitor tells the others: alerts.

use auth::Context;
use events::Envelope;
use proto::network_monitor::v1 as wire;
use runtime::EventId;

use crate::domain::{alert::NamedAlert, alert_change::Announcement};

/// The name in events, the consumer group, the inbox and the dead letters.
pub const NAME: &str = "network-monitor";

/// `monitor.alert.v1`: an alert was opened, or has grown.
pub fn alert_event(cx: &Context, named: &NamedAlert, announcement: Announcement) -> Envelope {
    let event = wire::AlertEvent { alert: Some(named.into()), first: announcement.first, new_events: announcement.new_events };
    Envelope::new(cx.ids.next::<EventId>(), cx.clock.now(), NAME, named.alert.school.to_string(), &event)
}
