//! The portal through its real edge: a browser without a script, an issuer, and the services, all over HTTP and gRPC.

#![cfg(test)]

mod access;
mod account;
mod back_channel;
mod boards;
mod caches;
mod cases;
mod contacts;
mod encrypted;
mod enrolments;
mod erasures;
mod every_page;
mod exports;
mod forms;
mod gateways;
mod history;
mod keycloak;
mod later_pages;
mod live;
mod pages;
mod people;
mod problems;
mod redis;
mod security_events;
mod sessions;
mod sign_in;
mod step_up;
mod support;
mod switching;
mod tenancy;
mod warnings;
