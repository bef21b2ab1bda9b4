//! identity through its real edges: gRPC, and the development issuer's HTTP.

#![cfg(test)]

mod access;
mod agreement;
mod appointments;
mod back_channel;
mod conformance;
mod contacts;
mod demo;
mod domains;
mod enrolments;
mod erasures;
mod gateway_codes;
mod gateways;
mod history;
mod import;
mod issuer;
mod keycloak;
mod migrating;
mod name_server;
mod permissions;
mod retention;
mod schools;
mod sessions;
mod sign_in;
mod vendors;
mod world;
