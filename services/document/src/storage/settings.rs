//! `UPLOAD_DIR`, or a bucket: `GCS_BUCKET_NAME` of Google Cloud Storage, `S3_BUCKET_NAME` of S3 or what
//! speaks its protocol.

use std::fmt;
use std::path::PathBuf;

use elenchus_settings::{Env, Invalid};
use object_store::aws::AmazonS3ConfigKey as Key;
use secrecy::SecretString;

const GCS_BUCKET: &str = "GCS_BUCKET_NAME";
const GCS_CREDENTIALS: &str = "GCS_CREDENTIALS_PATH";
const S3_BUCKET: &str = "S3_BUCKET_NAME";
const ENDPOINT: &str = "AWS_ENDPOINT_URL_S3";

/// The variables by which AWS's own programs are told where a bucket is and who asks.
const AWS: [(&str, Key); 10] = [
    ("AWS_REGION", Key::Region),
    (ENDPOINT, Key::Endpoint),
    ("AWS_ACCESS_KEY_ID", Key::AccessKeyId),
    ("AWS_SECRET_ACCESS_KEY", Key::SecretAccessKey),
    ("AWS_SESSION_TOKEN", Key::Token),
    ("AWS_ROLE_ARN", Key::RoleArn),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", Key::WebIdentityTokenFile),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", Key::ContainerCredentialsRelativeUri),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", Key::ContainerCredentialsFullUri),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Key::ContainerAuthorizationTokenFile),
];

/// Where files are kept.
#[derive(Debug, Clone)]
pub enum Place {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket of Google Cloud Storage.
    Google {
        /// Its name.
        bucket: String,
        /// A service account's key; none asks the machine who it is.
        credentials: Option<PathBuf>,
    },
    /// A bucket of S3, or of what speaks its protocol.
    S3(S3),
}

/// A bucket of S3.
#[derive(Debug, Clone)]
pub struct S3 {
    /// Its name.
    pub bucket: String,
    /// Where, where it is not Amazon's.
    pub endpoint: Option<String>,
    pub(super) options: Vec<(Key, SecretString)>,
}

impl Place {
    /// Reads the variables above. `folder` holds where no other is named.
    pub(crate) fn from_env(env: &Env, folder: PathBuf) -> Result<Self, Invalid> {
        match (env.text(GCS_BUCKET), env.text(S3_BUCKET)) {
            (Some(_), Some(_)) => {
                Err(Invalid::new(S3_BUCKET, "and GCS_BUCKET_NAME are set; name one bucket"))
            }
            (Some(bucket), None) => {
                Ok(Self::Google { bucket: bucket.to_owned(), credentials: credentials(env)? })
            }
            (None, Some(bucket)) => Ok(Self::S3(S3 {
                bucket: bucket.to_owned(),
                endpoint: env.text(ENDPOINT).map(str::to_owned),
                options: AWS
                    .into_iter()
                    .filter_map(|(name, key)| Some((key, env.secret(name)?)))
                    .collect(),
            })),
            (None, None) => Ok(Self::Folder(env.text("UPLOAD_DIR").map_or(folder, PathBuf::from))),
        }
    }
}

fn credentials(env: &Env) -> Result<Option<PathBuf>, Invalid> {
    let Some(path) = env.text(GCS_CREDENTIALS).map(PathBuf::from) else { return Ok(None) };
    match std::fs::File::open(&path) {
        Ok(_) => Ok(Some(path)),
        Err(error) => Err(Invalid::new(GCS_CREDENTIALS, format!("{}: {error}", path.display()))),
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "the folder {}", folder.display()),
            Self::Google { bucket, .. } => write!(f, "the bucket {bucket} of Google Cloud Storage"),
            Self::S3(S3 { bucket, endpoint: None, .. }) => write!(f, "the bucket {bucket} of S3"),
            Self::S3(S3 { bucket, endpoint: Some(endpoint), .. }) => {
                write!(f, "the bucket {bucket} at {endpoint}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_is_named_and_what_is_wrong_is_said_by_name() {
        let place = |pairs: &[(&'static str, &'static str)]| {
            Place::from_env(&Env::of_pairs(pairs.iter().copied()), "uploads".into())
                .map(|place| place.to_string())
                .map_err(|error| error.to_string())
        };
        assert_eq!(place(&[]).unwrap(), "the folder uploads");
        let bucket = ("S3_BUCKET_NAME", "briefs");
        let endpoint = (ENDPOINT, "http://localhost:9000");
        assert_eq!(
            place(&[bucket, endpoint]).unwrap(),
            "the bucket briefs at http://localhost:9000"
        );
        let both = place(&[bucket, ("GCS_BUCKET_NAME", "briefs")]).unwrap_err();
        assert_eq!(both, "S3_BUCKET_NAME: and GCS_BUCKET_NAME are set; name one bucket");
        let unread = place(&[("GCS_BUCKET_NAME", "briefs"), (GCS_CREDENTIALS, "/nonexistent")]);
        assert!(unread.unwrap_err().starts_with("GCS_CREDENTIALS_PATH: /nonexistent: "));
    }
}
