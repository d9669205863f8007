//! Ports for programs that cannot choose one themselves.

use std::net::{Ipv4Addr, TcpListener};

use uuid::Uuid;

/// Below those that the system gives out: no connection, and no listener that asks for any port,
/// takes one of these before the program that it is meant for.
const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// A port of this machine that nobody listens on.
pub fn free_port() -> u16 {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(any_port).find(is_free).expect("there is no end of them")
}

fn any_port() -> u16 {
    // The last bytes of a UUIDv7 are random.
    let [.., high, low] = Uuid::now_v7().into_bytes();
    FIRST + u16::from_be_bytes([high, low]) % COUNT
}
