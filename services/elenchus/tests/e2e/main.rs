//! The mesh as its users meet it: the real program, over HTTP.

mod bad_input;
mod cite;
mod clocks;
mod doctor;
mod embedded;
mod idempotency;
mod ingest;
mod interrupted;
mod mesh;
mod operator;
mod outages;
mod personal_data;
mod routes;
mod scores;
mod secrets;
mod socket;
mod untrusted;
mod walk;
