//! The names of members, by the mapping of protobuf to JSON: in camel case or as in the definition.

/// The messages on the way to a log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `ExportLogsServiceRequest`.
    Request,
    /// `ResourceLogs`.
    ResourceLogs,
    /// `ScopeLogs`.
    ScopeLogs,
}

/// What stands beside the list that leads on to the log records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// The resource, or the scope: what all records below have in common.
    Common,
    /// `schemaUrl`.
    SchemaUrl,
    /// A name that no request of logs has.
    Unknown,
}

/// A member of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    List,
    Beside(Beside),
}

impl Level {
    /// Of the list that leads on to the log records. The later ones are those of OTLP before 0.15, which agents still send.
    pub(crate) const fn list(self) -> &'static [&'static str] {
        match self {
            Self::Request => &["resourceLogs", "resource_logs"],
            Self::ResourceLogs => &["scopeLogs", "scope_logs", "instrumentationLibraryLogs", "instrumentation_library_logs"],
            Self::ScopeLogs => &["logRecords", "log_records", "logs"],
        }
    }

    const fn common(self) -> &'static [&'static str] {
        match self {
            Self::Request => &[],
            Self::ResourceLogs => &["resource"],
            Self::ScopeLogs => &["scope", "instrumentationLibrary", "instrumentation_library"],
        }
    }

    const fn schema_url(self) -> &'static [&'static str] {
        match self {
            Self::Request => &[],
            Self::ResourceLogs | Self::ScopeLogs => &["schemaUrl", "schema_url"],
        }
    }

    pub(crate) fn member(self, name: &[u8]) -> Member {
        let is_of = |names: &[&str]| names.iter().any(|known| known.as_bytes() == name);
        if is_of(self.list()) {
            Member::List
        } else if is_of(self.common()) {
            Member::Beside(Beside::Common)
        } else if is_of(self.schema_url()) {
            Member::Beside(Beside::SchemaUrl)
        } else {
            Member::Beside(Beside::Unknown)
        }
    }

    /// What is in the list; `None` for log records.
    pub(crate) const fn below(self) -> Option<Self> {
        match self {
            Self::Request => Some(Self::ResourceLogs),
            Self::ResourceLogs => Some(Self::ScopeLogs),
            Self::ScopeLogs => None,
        }
    }
}
