//! Guessing is bounded, and neither its answers nor their time tell anything.

use std::time::{Duration, Instant};

use tonic::Code;
use tonic_types::StatusExt;

use crate::reason;
use crate::service::{Client, EMAIL, PASSWORD, Service, from, login, registration};

#[tokio::test]
async fn a_guesser_is_stopped_and_the_owner_is_not_locked_out() {
    let service = Service::with_limits(3, 100).await;
    let mut client = Client::new(service.near());
    client.register(from("192.0.2.1", registration(EMAIL))).await.unwrap();
    for _ in 0..3 {
        let refusal =
            client.login(from("203.0.113.9", login(EMAIL, "wrongpassword"))).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
    }
    for spelling in [EMAIL, " TEST@example.com "] {
        let refusal =
            client.login(from("203.0.113.9", login(spelling, PASSWORD))).await.unwrap_err();
        assert_eq!(refusal.code(), Code::ResourceExhausted);
        assert_eq!(reason(&refusal), "TOO_MANY_ATTEMPTS");
        let delay = refusal.get_error_details().retry_info().unwrap().retry_delay.unwrap();
        assert!(delay >= Duration::from_secs(1), "{delay:?}");
    }
    client.login(from("192.0.2.1", login(EMAIL, PASSWORD))).await.unwrap();
}

#[tokio::test]
async fn an_address_is_stopped_whatever_the_account() {
    let service = Service::with_limits(100, 3).await;
    let mut client = Client::new(service.near());
    client.register(from("2001:db8::1", registration(EMAIL))).await.unwrap();
    for account in ["a@example.com", "b@example.com"] {
        let refusal =
            client.login(from("2001:db8::2", login(account, PASSWORD))).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
    }
    let refusal =
        client.register(from("2001:db8::3", registration("c@example.com"))).await.unwrap_err();
    assert_eq!(refusal.code(), Code::ResourceExhausted);
    client.login(from("2001:db8:0:1::1", login(EMAIL, PASSWORD))).await.unwrap();
}

#[tokio::test]
async fn an_unknown_address_takes_the_time_of_a_wrong_password() {
    let service = Service::start().await;
    let mut client = Client::new(service.near());
    client.register(registration(EMAIL)).await.unwrap();
    // The least that each has ever taken tends to what it costs, however busy the machine is.
    let mut least = [Duration::MAX; 2];
    for round in 1.. {
        for (least, username) in least.iter_mut().zip([EMAIL, "nonexistent@example.com"]) {
            let began = Instant::now();
            client.login(login(username, "wrongpassword")).await.unwrap_err();
            *least = began.elapsed().min(*least);
        }
        let [wrong, unknown] = least;
        if round >= 5 && unknown * 2 > wrong {
            return;
        }
        assert!(round < 40, "{unknown:?} for an unknown address, {wrong:?} for a wrong password");
    }
}
