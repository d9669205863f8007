//! Stands in until the shared cache is there.
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Clone, Debug, Default)]
pub struct Cache(Arc<Mutex<HashMap<String, Instant>>>);
pub(crate) struct Allowed { pub is_granted: bool, pub remaining: u32, pub wait: Duration }
impl Cache {
    pub fn in_process() -> Self { Self::default() }
    pub(crate) async fn take(&self, key: &str, per_minute: u32, burst: u32) -> Allowed {
        let step = Duration::from_secs(60) / per_minute;
        let now = Instant::now();
        let mut map = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let tat = map.entry(key.to_owned()).or_insert(now);
        let base = (*tat).max(now);
        let ahead = base - now;
        if ahead + step > step * burst.max(1) {
            return Allowed { is_granted: false, remaining: 0, wait: ahead + step - step * burst.max(1) };
        }
        *tat = base + step;
        let left = (step * burst.max(1)).saturating_sub(ahead + step);
        Allowed { is_granted: true, remaining: (left.as_nanos() / step.as_nanos()) as u32, wait: ahead + step }
    }
}
