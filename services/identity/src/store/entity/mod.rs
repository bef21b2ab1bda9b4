//! Rows, column by column.

pub mod board;
pub mod contact;
pub mod gateway;
pub mod school;
pub mod site;
