//! The gRPC edge: who calls, what they mean, and answers in messages. A file for each gRPC service has its RPCs and their requests.

mod case;

pub use case::CaseApi;
