//! Where the bytes of files are kept: a folder, or a bucket. Names in it are ours, and say nothing of
//! the names that files came with.

mod copy;
mod probe;
mod settings;
mod sweep;

use std::path::Path as Folder;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use secrecy::ExposeSecret;

pub(crate) use self::copy::{NotCopied, local_copy};
pub use self::probe::probe_files;
pub use self::settings::{Place, S3};
pub(crate) use self::sweep::Sweep;

/// The bytes of files under names of ours.
pub(crate) type Files = Arc<dyn ObjectStore>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a bucket may be silent before a request is tried again.
const SILENCE: Duration = Duration::from_secs(10);
const RETRIES: usize = 3;
/// No retry begins later, so that callers hear of the trouble within their own deadline.
const RETRY_UNTIL: Duration = Duration::from_secs(15);

/// How often bytes that no document has are looked for, and how old they must be.
#[derive(Debug, Clone, Copy)]
pub struct SweepPace {
    /// Between two sweeps.
    pub every: Duration,
    /// Younger bytes may be about to get their row: longer than any upload runs.
    pub grace: Duration,
}

impl Default for SweepPace {
    fn default() -> Self {
        Self { every: Duration::from_secs(60 * 60), grace: Duration::from_secs(24 * 60 * 60) }
    }
}

/// Opens the place. A bucket is not asked whether it is there: it may come back later.
pub(crate) fn open(place: &Place) -> Result<Files, object_store::Error> {
    tracing::info!(place = %place, "the bytes of files are kept here");
    Ok(match place {
        Place::Folder(folder) => Arc::new(local(folder)?),
        Place::Google { bucket, credentials } => {
            let mut builder = GoogleCloudStorageBuilder::new()
                .with_bucket_name(bucket)
                .with_retry(retries())
                .with_client_options(client());
            if let Some(credentials) = credentials {
                builder = builder.with_service_account_path(credentials.to_string_lossy());
            }
            Arc::new(builder.build()?)
        }
        Place::S3(S3 { bucket, options, .. }) => {
            let mut builder = AmazonS3Builder::new()
                .with_bucket_name(bucket)
                .with_retry(retries())
                .with_client_options(client());
            for (key, value) in options {
                builder = builder.with_config(*key, value.expose_secret());
            }
            Arc::new(builder.build()?)
        }
    })
}

fn local(folder: &Folder) -> Result<LocalFileSystem, object_store::Error> {
    std::fs::create_dir_all(folder).map_err(|source| object_store::Error::Generic {
        store: "folder",
        source: source.into(),
    })?;
    // A user's folder goes with the last file in it.
    Ok(LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true))
}

fn client() -> ClientOptions {
    // The whole of a large file may take as long as it does, while it moves. Plain HTTP is for those who
    // name an address of that kind, such as a store on this machine.
    ClientOptions::new()
        .with_allow_http(true)
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_read_timeout(SILENCE)
        .with_timeout_disabled()
}

fn retries() -> RetryConfig {
    RetryConfig {
        max_retries: RETRIES,
        retry_timeout: RETRY_UNTIL,
        backoff: BackoffConfig::default(),
    }
}

/// Deletes bytes. That they are gone already is as good.
pub(crate) async fn delete(files: &dyn ObjectStore, key: &str) -> Result<(), object_store::Error> {
    match files.delete(&Path::from(key)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
