//! Names of topics and groups in a cluster that may be shared.

use crate::topic::Topic;

/// Puts the configured prefix before names and takes it off again.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    pub(super) fn topic(&self, topic: Topic) -> String {
        format!("{}{topic}", self.prefix)
    }

    pub(super) fn group(&self, group: &str) -> String {
        format!("{}{group}", self.prefix)
    }

    /// The topic of this name, if it is one of ours.
    pub(super) fn parse(&self, name: &str) -> Option<Topic> {
        Topic::from_name(name.strip_prefix(&self.prefix)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixed_names_come_back() {
        let names = Names::new("ministry.");
        assert_eq!(names.topic(Topic::Alert), "ministry.monitor.alert.v1");
        assert_eq!(names.parse("ministry.monitor.alert.v1"), Some(Topic::Alert));
        assert_eq!(names.parse("monitor.alert.v1"), None);
        assert_eq!(names.group("monitor"), "ministry.monitor");
    }
}
