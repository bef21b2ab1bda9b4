//! incident-intake through its real edges: alerts in the log, gRPC, what it publishes; and the content it ships with.

#![cfg(test)]

mod agreement;
mod audit;
mod case_devices;
mod dead_letters;
mod deciding;
mod explaining;
mod flood;
mod history;
mod incident_classes;
mod intake;
mod migrating;
mod permissions;
mod queue;
mod retention;
mod watching;
mod world;
