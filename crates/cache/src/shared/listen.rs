//! Hears the channels that have listeners in this process, over one connection, and connects again
//! when it breaks.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Client, Msg, RedisError};
use tokio::time::{error::Elapsed, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::CHANNELS;
use crate::fanout::{Heard, Hub};

/// What connecting, subscribing and a sign of life may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// A connection that was silent for so long is asked whether it still is one.
const SILENCE: Duration = Duration::from_secs(5);
const RECONNECT_AFTER: Duration = Duration::from_millis(200);

/// Why the connection ended.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("no answer within {PATIENCE:?}")]
    Late(#[from] Elapsed),
    #[error("the connection was closed")]
    Closed,
}

/// Listens until the handle is dropped.
pub(crate) fn spawn(client: Client, hub: Arc<Hub>) -> AbortOnDropHandle<()> {
    #[expect(clippy::disallowed_methods, reason = "ends with the cache, whose drop aborts it")]
    let task = tokio::spawn(async move {
        loop {
            let Err(error) = hear(&client, &hub).await;
            tracing::debug!(%error, "cannot hear what is said in redis");
            hub.tell_all_missed();
            sleep(RECONNECT_AFTER).await;
        }
    });
    AbortOnDropHandle::new(task)
}

/// Passes on what is heard until the connection breaks.
async fn hear(client: &Client, hub: &Hub) -> Result<std::convert::Infallible, Broken> {
    let (mut sink, mut stream) = timeout(PATIENCE, client.get_async_pubsub()).await??.split();
    let mut held = HashSet::new();
    loop {
        follow(hub, &mut sink, &mut held).await?;
        pass_on(hub, &mut sink, &mut stream).await?;
    }
}

/// Subscribes to what has listeners, and to nothing else.
async fn follow(
    hub: &Hub,
    sink: &mut PubSubSink,
    held: &mut HashSet<String>,
) -> Result<(), Broken> {
    let wanted = hub.channels();
    for gone in held.difference(&wanted) {
        timeout(PATIENCE, sink.unsubscribe(format!("{CHANNELS}{gone}"))).await??;
    }
    for new in wanted.difference(held) {
        timeout(PATIENCE, sink.subscribe(format!("{CHANNELS}{new}"))).await??;
        // What was said between the listener's coming and now was not heard.
        hub.tell(new, Heard::Missed);
    }
    *held = wanted;
    Ok(())
}

/// Returns once other channels have listeners than before.
async fn pass_on(
    hub: &Hub,
    sink: &mut PubSubSink,
    stream: &mut PubSubStream,
) -> Result<(), Broken> {
    loop {
        tokio::select! {
            message = stream.next() => tell(hub, &message.ok_or(Broken::Closed)?),
            () = hub.changed() => return Ok(()),
            () = sleep(SILENCE) => timeout(PATIENCE, sink.ping::<()>()).await??,
        }
    }
}

fn tell(hub: &Hub, message: &Msg) {
    if let Some(channel) = message.get_channel_name().strip_prefix(CHANNELS) {
        hub.tell(channel, Heard::Message(message.get_payload_bytes().to_vec().into()));
    }
}
