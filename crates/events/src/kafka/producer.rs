//! Appending: one completion per call, however many records it has.
//!
//! Awaiting each record costs many times as much as awaiting the call, so the delivery callbacks only count down.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rdkafka::{
    ClientContext, Message,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
    message::{DeliveryResult, Header, OwnedHeaders},
    producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer},
    util::Timeout,
};
use tokio::sync::oneshot;
use tracing::{debug, error, info, warn};

use super::{
    complaints::{Complaints, unavailable},
    config::{KafkaConfig, MAX_BATCH_BYTES},
};
use crate::{
    admission::Admitted,
    log::{LogError, Position, Record},
    topic::Topic,
};

/// How long one look for brokers takes when none answers; enough to try each of them.
const LOOK: Duration = Duration::from_secs(5);

/// The producer.
pub(super) struct Appender {
    producer: ThreadedProducer<Deliveries>,
    /// Held while the records of a call are handed over, so that those of other calls do not come between them.
    handing_over: Mutex<()>,
}

/// A call of `append` whose records are on their way.
struct Call {
    topic: Topic,
    state: Mutex<CallState>,
}

struct CallState {
    positions: Vec<Position>,
    outstanding: usize,
    failure: Option<LogError>,
    done: Option<oneshot::Sender<Result<Vec<Position>, LogError>>>,
    /// Given back with the last delivery, also when no caller waits any more.
    admitted: Option<Admitted>,
}

/// Which record of which call a delivery is about.
pub(super) struct Expected {
    call: Arc<Call>,
    index: usize,
}

/// Receives deliveries, and complaints about connections, on the producer's thread.
#[derive(Default)]
pub(super) struct Deliveries {
    complaints: Complaints,
}

impl ClientContext for Deliveries {
    fn error(&self, error: KafkaError, reason: &str) {
        warn!(name: "event_log.kafka_error", %error, reason, "the kafka client will go on trying");
        self.complaints.hear(&error, reason);
    }

    fn log(&self, level: RDKafkaLogLevel, about: &str, said: &str) {
        if about == "FAIL" {
            self.complaints.overhear(said);
        }
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                error!(target: "librdkafka", "{about} {said}");
            }
            RDKafkaLogLevel::Warning => warn!(target: "librdkafka", "{about} {said}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => info!(target: "librdkafka", "{about} {said}"),
            RDKafkaLogLevel::Debug => debug!(target: "librdkafka", "{about} {said}"),
        }
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Expected>;

    fn delivery(&self, delivery: &DeliveryResult<'_>, expected: Box<Expected>) {
        let outcome = match delivery {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, message)) => Err(delivery_failure(error, expected.call.topic, message.payload_len() + message.key_len())),
        };
        expected.call.settle(expected.index, outcome);
    }
}

impl Appender {
    pub(super) fn start(config: &KafkaConfig) -> Result<Self, LogError> {
        let unusable = |error: KafkaError| LogError::Unusable { reason: format!("kafka settings: {error}") };
        let mut settings = config.producer();
        // Whatever of it is shown: that a broker hung up, and why that may be, is said at this level and nowhere else.
        settings.set_log_level(RDKafkaLogLevel::Info);
        let producer = settings.create_with_context(Deliveries::default()).map_err(unusable)?;
        Ok(Self { producer, handing_over: Mutex::new(()) })
    }

    /// Hands the records over; the answer comes when the brokers have acknowledged all of them or one has failed for good.
    pub(super) async fn append(
        &self,
        topic: Topic,
        name: &str,
        records: Vec<Record>,
        admitted: Admitted,
    ) -> Result<Vec<Position>, LogError> {
        let (done, delivered) = oneshot::channel();
        let state = CallState {
            positions: vec![Position { topic, partition: 0, offset: 0 }; records.len()],
            outstanding: records.len(),
            failure: None,
            done: Some(done),
            admitted: Some(admitted),
        };
        let call = Arc::new(Call { topic, state: Mutex::new(state) });
        {
            let _one_call_at_a_time = self.handing_over.lock().unwrap_or_else(PoisonError::into_inner);
            for (index, record) in records.iter().enumerate() {
                let expected = Box::new(Expected { call: Arc::clone(&call), index });
                if let Err((error, _)) = self.producer.send(message(name, record, expected)) {
                    call.settle(index, Err(delivery_failure(&error, topic, record.size())));
                }
            }
        }
        delivered.await.unwrap_or(Err(LogError::Closed))
    }

    /// Waits until nothing is under way. Blocks.
    pub(super) fn flush(&self, timeout: Timeout) -> Result<(), LogError> {
        self.producer.flush(timeout).map_err(|error| unavailable("flush", &error))
    }

    /// Whether the cluster answers. Blocks.
    pub(super) fn check(&self, topic: Option<&str>, timeout: Timeout) -> Result<(), LogError> {
        if let Some((_, reason)) = self.producer.client().fatal_error() {
            return Err(LogError::Unavailable { reason: format!("the kafka producer has given up, restart: {reason}") });
        }
        self.is_answered(topic, timeout)
    }

    fn is_answered(&self, topic: Option<&str>, timeout: Timeout) -> Result<(), LogError> {
        let complaints = &self.producer.client().context().complaints;
        match self.producer.client().fetch_metadata(topic, timeout) {
            Ok(_) => {
                complaints.forget();
                Ok(())
            }
            Err(error) => Err(complaints.explain(&error)),
        }
    }

    /// Waits until the cluster answers, unless what it says cannot change without an operator. Blocks.
    pub(super) fn await_brokers(&self, patience: Duration) -> Result<(), LogError> {
        let deadline = Instant::now() + patience;
        loop {
            match self.is_answered(None, Timeout::After(LOOK)) {
                Err(LogError::Unavailable { .. }) if Instant::now() < deadline => {}
                answer => return answer,
            }
        }
    }
}

impl Call {
    fn settle(&self, index: usize, outcome: Result<(i32, i64), LogError>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok((partition, offset)) => state.positions[index] = Position { topic: self.topic, partition, offset },
            Err(error) => state.failure = Some(error),
        }
        state.outstanding -= 1;
        if state.outstanding > 0 {
            return;
        }
        state.admitted = None;
        let positions = std::mem::take(&mut state.positions);
        let outcome = state.failure.take().map_or(Ok(positions), Err);
        if let Some(done) = state.done.take() {
            // A caller that no longer waits needs no answer.
            let _nobody_waits = done.send(outcome);
        }
    }
}

fn message<'a>(name: &'a str, record: &'a Record, expected: Box<Expected>) -> BaseRecord<'a, [u8], [u8], Box<Expected>> {
    let mut message = BaseRecord::with_opaque_to(name, expected);
    if !record.key.is_empty() {
        message = message.key(record.key.as_ref());
    }
    if let Some(value) = &record.value {
        message = message.payload(value.as_ref());
    }
    if !record.headers.is_empty() {
        let headers = record.headers.iter().fold(OwnedHeaders::new_with_capacity(record.headers.len()), |headers, (name, value)| {
            headers.insert(Header { key: name, value: Some(value.as_ref()) })
        });
        message = message.headers(headers);
    }
    message
}

fn delivery_failure(error: &KafkaError, topic: Topic, size: usize) -> LogError {
    match error {
        // Records over our own limit were refused before; so this is about the batch, or a broker that takes less than we planned.
        KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge) => {
            let reason = format!(
                "topic {topic} takes no batch with a record of {size} bytes: set its max.message.bytes to {MAX_BATCH_BYTES} or more"
            );
            LogError::Unavailable { reason }
        }
        KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) => {
            LogError::Unavailable { reason: "the producer's queue is full".to_owned() }
        }
        error => unavailable("append", error),
    }
}
