//! network-monitor through its real edges: the event log and gRPC; and its reader on real files.

#![cfg(test)]

mod agreement;
mod alerts;
mod audit;
mod dead_letters;
mod devices;
mod flood;
mod gateway_contacts;
mod history;
mod migrating;
mod permissions;
mod real_data;
mod real_files;
mod retention;
mod suppressions;
mod tracing_through;
mod world;
