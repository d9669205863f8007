//! How many connections one address may have.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// How many connections each address has.
pub(super) struct Addresses {
    pub(super) most: usize,
    pub(super) open: Mutex<HashMap<IpAddr, usize>>,
}

impl Addresses {
    pub(super) fn enter(addresses: &Arc<Self>, address: IpAddr) -> Option<AddressPlace> {
        let mut open = addresses.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= addresses.most {
            return None;
        }
        *count += 1;
        Some(AddressPlace { addresses: Arc::clone(addresses), address })
    }
}

/// One connection of an address.
pub(super) struct AddressPlace {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        let mut open = self.addresses.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}
