//! Why no broker can be reached: the client's own thread knows, while the call that waited only knows that time is over.

use std::sync::{Mutex, PoisonError};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::log::LogError;

/// A call that failed, in words for the operator.
pub(super) fn unavailable(action: &str, error: &KafkaError) -> LogError {
    LogError::Unavailable { reason: format!("kafka: cannot {action}: {error}") }
}

/// The last that was heard of a connection.
#[derive(Debug, Default)]
pub(super) struct Complaints(Mutex<Option<Complaint>>);

#[derive(Debug, Clone)]
struct Complaint {
    code: RDKafkaErrorCode,
    said: String,
}

impl Complaints {
    /// Takes note of what the client's thread was told.
    pub(super) fn hear(&self, error: &KafkaError, said: &str) {
        match error {
            // It follows the last of them and adds nothing.
            KafkaError::Global(RDKafkaErrorCode::AllBrokersDown) => {}
            KafkaError::Global(code) => self.set(Some(Complaint { code: code_of(*code, said), said: said.to_owned() })),
            _ => {}
        }
    }

    /// Takes note of a line of the client's log about a connection that failed. Those of which it is told besides come after: until
    /// then, at a second try, the line must not hide what waiting will not help.
    pub(super) fn overhear(&self, line: &str) {
        let said = line.strip_prefix("[thrd:").and_then(|rest| rest.split_once("]: ")).map_or(line, |(_, said)| said);
        let code = code_of(RDKafkaErrorCode::BrokerTransportFailure, said);
        self.set(Some(Complaint { code, said: said.to_owned() }));
    }

    /// A broker has answered.
    pub(super) fn forget(&self) {
        self.set(None);
    }

    /// What to tell an operator when the brokers cannot be reached: [`LogError::Unusable`] where waiting will not help.
    pub(super) fn explain(&self, error: &KafkaError) -> LogError {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(Complaint { code, said }) = last else { return unavailable("reach the brokers", error) };
        match code {
            RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => LogError::Unusable {
                reason: format!(
                    "kafka does not let us in: {said}; see sasl.username, sasl.password and sasl.mechanism among events.kafka.properties"
                ),
            },
            RDKafkaErrorCode::SSL => LogError::Unusable {
                reason: format!(
                    "no secure connection to kafka: {said}; see ssl.ca.location and security.protocol among events.kafka.properties"
                ),
            },
            // All that a broker says to a client without TLS where it wants TLS, or without a password where it wants one.
            _ if said.contains("Disconnected") => LogError::Unavailable {
                reason: format!(
                    "kafka hangs up: {said}; if it wants TLS or a password, see security.protocol among events.kafka.properties"
                ),
            },
            _ => LogError::Unavailable { reason: format!("kafka: cannot reach the brokers: {said}") },
        }
    }

    fn set(&self, complaint: Option<Complaint>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = complaint;
    }
}

/// The client tells the same failure at times under the code of any connection that broke; its words are the same.
fn code_of(told: RDKafkaErrorCode, said: &str) -> RDKafkaErrorCode {
    if told != RDKafkaErrorCode::BrokerTransportFailure {
        told
    } else if said.contains("certificate verify failed") {
        RDKafkaErrorCode::SSL
    } else if said.contains("SASL authentication error") {
        RDKafkaErrorCode::Authentication
    } else {
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME_IS_OVER: KafkaError = KafkaError::MetadataFetch(RDKafkaErrorCode::BrokerTransportFailure);

    #[test]
    fn a_refusal_is_told_with_the_settings_it_is_about_until_a_broker_answers() {
        let complaints = Complaints::default();
        complaints.hear(&KafkaError::Global(RDKafkaErrorCode::Authentication), "kafka-0: invalid credentials");
        complaints.hear(&KafkaError::Global(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        let told = complaints.explain(&TIME_IS_OVER);
        assert!(
            matches!(&told, LogError::Unusable { reason } if reason.contains("invalid credentials") && reason.contains("sasl.password")),
            "{told}"
        );

        complaints.forget();
        assert!(matches!(complaints.explain(&TIME_IS_OVER), LogError::Unavailable { .. }));
    }

    #[test]
    fn a_broker_that_hangs_up_is_only_in_the_log() {
        let complaints = Complaints::default();
        complaints.overhear("[thrd:kafka-0:9092/bootstrap]: kafka-0:9092/bootstrap: Disconnected: connection closed by peer");
        let told = complaints.explain(&TIME_IS_OVER).to_string();
        assert!(told.contains("hangs up: kafka-0:9092") && told.contains("security.protocol"), "{told}");
    }

    #[test]
    fn a_line_of_the_log_alone_tells_what_waiting_will_not_help() {
        for (line, setting) in [
            ("[thrd:b]: sasl_ssl://b/bootstrap: error:0A000086:SSL routines::certificate verify failed", "ssl.ca.location"),
            ("[thrd:b]: sasl_ssl://b/bootstrap: SASL authentication error: invalid credentials", "sasl.password"),
        ] {
            let complaints = Complaints::default();
            complaints.overhear(line);
            let told = complaints.explain(&TIME_IS_OVER);
            assert!(matches!(&told, LogError::Unusable { reason } if reason.contains(setting)), "{told}");

            let under_another_code = Complaints::default();
            under_another_code.hear(&KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure), line);
            let told = under_another_code.explain(&TIME_IS_OVER);
            assert!(matches!(&told, LogError::Unusable { reason } if reason.contains(setting)), "{told}");
        }
    }

    #[test]
    fn a_broker_that_is_away_may_come_back() {
        let complaints = Complaints::default();
        complaints.hear(&KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure), "kafka-0: connection refused");
        let told = complaints.explain(&TIME_IS_OVER);
        assert!(matches!(&told, LogError::Unavailable { reason } if reason.contains("connection refused")), "{told}");
    }
}
