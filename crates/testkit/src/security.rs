//! Security events that this test program has written down, for tests that say which there must be.

use std::{
    fmt,
    sync::{Mutex, Once, PoisonError},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt as _};

static BEGUN: Once = Once::new();
static EVENTS: Mutex<Vec<SecurityLine>> = Mutex::new(Vec::new());

/// A line of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityLine {
    pub event: String,
    pub actor: String,
    pub action: String,
    pub resource: String,
    pub reason: String,
}

/// The lines of this event since the first call. A flood of an event is cut, and tests of a program run side by side: look again, with [`crate::eventually`],
/// after doing it again.
pub fn security_lines(event: &str) -> Vec<SecurityLine> {
    watch();
    EVENTS.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|line| line.event == event).cloned().collect()
}

/// Keeps lines from now on.
fn watch() {
    BEGUN.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(Keep);
        // Where a test program has a subscriber of its own, it sees no security events here.
        let _taken = tracing::subscriber::set_global_default(subscriber);
    });
}

struct Keep;

impl<S: Subscriber> Layer<S> for Keep {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if event.metadata().name() == "security.event" {
            let mut line = SecurityLine::default();
            event.record(&mut line);
            EVENTS.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }
}

impl Visit for SecurityLine {
    fn record_str(&mut self, field: &Field, value: &str) {
        let place = match field.name() {
            "event" => &mut self.event,
            "actor" => &mut self.actor,
            "action" => &mut self.action,
            "resource" => &mut self.resource,
            "reason" => &mut self.reason,
            _ => return,
        };
        value.clone_into(place);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
