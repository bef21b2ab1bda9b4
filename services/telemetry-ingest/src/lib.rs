//! telemetry-ingest

mod scan;
