#![cfg(test)]
//! Mail from the transaction that causes it to a mail server and back, on both stores. The server speaks SMTP on a socket of this machine, and
//! misbehaves when it is told to.

mod delivery;
mod encryption;
mod folder;
mod message;
mod server;
mod trouble;
mod world;
