//! The product as it is installed: the executable as a child process, reached over HTTP, gRPC and a browser only.
//!
//! Each test has a process of its own, or shares one where it keeps to schools of its own. What a test needs to reach it is in
//! `site` (folder, ports, process), `town` (schools and gateways), `people` (signing in) and `eve` (what sensors write).

#![cfg(test)]

mod access;
mod agents;
mod browser;
mod capture;
mod encrypted;
mod estate;
mod eve;
mod faults;
mod front;
mod functions;
mod fuzzing;
mod observing;
mod operating;
mod people;
mod production;
mod real_files;
mod restarting;
mod road;
mod roles;
mod sensors;
mod site;
mod starting;
mod stopping;
mod town;
mod tracing_through;
