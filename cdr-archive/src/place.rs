//! Where files are kept: a folder, or a bucket of a store that speaks S3.

use bytes::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::prefix::PrefixStore;
use object_store::{
    ClientOptions, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions,
    RetryConfig,
};
use std::fmt;
use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one request may take: a file of [`FILE_CALLS`](crate::FILE_CALLS) over a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);

/// A request that fails is tried again so often, and so long.
const TRIES: usize = 5;
const TRYING_MAX: Duration = Duration::from_secs(600);

/// How long is waited before a file is written the second time; then four times as long each time.
const FIRST_DELAY: Duration = Duration::from_millis(100);

/// A bucket.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct S3Settings {
    /// Its name.
    pub bucket: String,
    /// Its region, such as `eu-central-1`; what stores that know none are told does not matter.
    pub region: String,
    /// Where the store is, such as `https://minio.example.com:9000`; empty: Amazon's.
    pub endpoint: String,
    /// What keys begin with.
    pub prefix: String,
    /// The access key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// Plain http to more than this host.
    pub allow_http: bool,
}

/// Where files are kept. Cheap to clone.
#[derive(Clone)]
pub struct Place {
    store: Arc<dyn ObjectStore>,
    name: Arc<str>,
}

/// A place that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// The setting of that name is wrong.
    #[error("`{setting}` {reason}")]
    Setting {
        /// Such as `endpoint`.
        setting: &'static str,
        /// What to write.
        reason: String,
    },
    /// There is no file of that name.
    #[error("the archive has no file {0}")]
    Missing(String),
    /// There is one already.
    #[error("the archive has a file {0} already")]
    Taken(String),
    /// The store refuses, whatever is tried.
    #[error("the archive ({place}) refuses: {reason}")]
    Refused {
        /// Which.
        place: String,
        /// Why.
        reason: String,
    },
    /// The store fails or does not answer.
    #[error("the archive ({place}) cannot be used: {reason}")]
    Failed {
        /// Which.
        place: String,
        /// Why.
        reason: String,
    },
}

/// The keys are not shown.
impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings")
            .field("bucket", &self.bucket)
            .field("endpoint", &self.endpoint)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.name).finish()
    }
}

impl Place {
    /// A folder of this machine, made when it is missing. What is written is on the disk when it is said to be.
    ///
    /// # Errors
    /// [`PlaceError::Setting`] when it cannot be made.
    pub fn folder(path: &Path) -> Result<Self, PlaceError> {
        let wrong = |reason: String| PlaceError::Setting {
            setting: "folder",
            reason: format!("{} cannot be used: {reason}", path.display()),
        };
        std::fs::create_dir_all(path).map_err(|error| wrong(error.to_string()))?;
        let store =
            LocalFileSystem::new_with_prefix(path).map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            store: Arc::new(store.with_fsync(true)),
            name: path.display().to_string().into(),
        })
    }

    /// A bucket. Nothing is asked of it yet.
    ///
    /// # Errors
    /// [`PlaceError::Setting`] that names what is wrong.
    pub fn s3(settings: &S3Settings) -> Result<Self, PlaceError> {
        settings.check()?;
        // Where no other part of the program has chosen who encrypts, ring does, as everywhere in it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = ClientOptions::new()
            .with_connect_timeout(CONNECT_TIMEOUT)
            .with_timeout(REQUEST_TIMEOUT)
            .with_allow_http(settings.endpoint.starts_with("http://"))
            .with_http1_only();
        let retry = RetryConfig {
            max_retries: TRIES,
            retry_timeout: TRYING_MAX,
            ..RetryConfig::default()
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(&settings.access_key_id)
            .with_secret_access_key(&settings.secret_access_key)
            .with_client_options(options)
            .with_retry(retry)
            // Not all stores know how to take many away at a time, and one is all that is asked.
            .with_disable_bulk_delete(true);
        if !settings.endpoint.is_empty() {
            builder = builder.with_endpoint(settings.endpoint.trim_end_matches('/'));
        }
        let wrong = |error: object_store::Error| PlaceError::Setting {
            setting: "s3",
            reason: error.to_string(),
        };
        let store = builder.build().map_err(wrong)?;
        let store: Arc<dyn ObjectStore> = match settings.prefix.trim_matches('/') {
            "" => Arc::new(store),
            prefix => Arc::new(PrefixStore::new(store, prefix)),
        };
        let name = format!("s3://{}/{}", settings.bucket, settings.prefix);
        Ok(Self {
            store,
            name: name.trim_end_matches('/').into(),
        })
    }

    /// The folder, or the bucket with what its keys begin with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes a file, whole or not at all. Another that is there is left as it is.
    ///
    /// # Errors
    /// [`PlaceError::Taken`], or [`PlaceError::Failed`].
    pub async fn write(&self, key: &str, file: Bytes) -> Result<(), PlaceError> {
        let mut delay = FIRST_DELAY;
        for _ in 1..TRIES {
            match self.put(key, &file).await {
                Err(PlaceError::Failed { .. }) => {}
                // Of a request that was cut off nobody knew whether it was done: it was.
                Err(PlaceError::Taken(_)) if self.read(key).await? == file => return Ok(()),
                done => return done,
            }
            tokio::time::sleep(delay).await;
            delay *= 4;
        }
        self.put(key, &file).await
    }

    async fn put(&self, key: &str, file: &Bytes) -> Result<(), PlaceError> {
        let options = PutOptions::from(PutMode::Create);
        let place = key_of(key);
        let put = self.store.put_opts(&place, file.clone().into(), options);
        put.await.map_err(|error| self.failed(key, &error))?;
        Ok(())
    }

    /// The whole of a file.
    ///
    /// # Errors
    /// [`PlaceError::Missing`], or [`PlaceError::Failed`].
    pub async fn read(&self, key: &str) -> Result<Bytes, PlaceError> {
        let read = async { self.store.get(&key_of(key)).await?.bytes().await };
        read.await.map_err(|error| self.failed(key, &error))
    }

    /// Some bytes of a file.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn part(&self, key: &str, range: Range<u64>) -> Result<Bytes, PlaceError> {
        let place = key_of(key);
        let part = self.store.get_range(&place, range);
        part.await.map_err(|error| self.failed(key, &error))
    }

    /// The last bytes of a file, as many as it has of so many, and how long it is.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn tail(&self, key: &str, bytes: u64) -> Result<(Bytes, u64), PlaceError> {
        let options = GetOptions {
            range: Some(GetRange::Suffix(bytes)),
            ..GetOptions::default()
        };
        let read = async {
            let found = self.store.get_opts(&key_of(key), options).await?;
            let size = found.meta.size;
            Ok((found.bytes().await?, size))
        };
        read.await.map_err(|error| self.failed(key, &error))
    }

    /// How long a file is.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn size(&self, key: &str) -> Result<u64, PlaceError> {
        let found = self.store.head(&key_of(key)).await;
        Ok(found.map_err(|error| self.failed(key, &error))?.size)
    }

    /// Takes a file away; it is no error when there is none.
    ///
    /// # Errors
    /// [`PlaceError::Failed`].
    pub async fn remove(&self, key: &str) -> Result<(), PlaceError> {
        match self.store.delete(&key_of(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(key, &error)),
        }
    }

    fn failed(&self, key: &str, error: &object_store::Error) -> PlaceError {
        match error {
            object_store::Error::NotFound { .. } => PlaceError::Missing(key.to_owned()),
            object_store::Error::AlreadyExists { .. } => PlaceError::Taken(key.to_owned()),
            object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. } => PlaceError::Refused {
                place: self.name.to_string(),
                reason: error.to_string(),
            },
            error => PlaceError::Failed {
                place: self.name.to_string(),
                reason: error.to_string(),
            },
        }
    }
}

/// A name as it is, with nothing of it written otherwise.
fn key_of(key: &str) -> Key {
    Key::parse(key).unwrap_or_else(|_| Key::from(key))
}

impl S3Settings {
    /// Whether they can be used.
    ///
    /// # Errors
    /// [`PlaceError::Setting`] that names what is wrong.
    pub fn check(&self) -> Result<(), PlaceError> {
        let wrong = |setting, reason: &str| {
            Err(PlaceError::Setting {
                setting,
                reason: reason.to_owned(),
            })
        };
        if self.bucket.is_empty() {
            return wrong("bucket", "must name the bucket");
        }
        if self.access_key_id.is_empty() || self.secret_access_key.is_empty() {
            return wrong(
                "access_key_id",
                "and `secret_access_key` must both be given",
            );
        }
        if self.endpoint.is_empty() || self.endpoint.starts_with("https://") {
            return Ok(());
        }
        let Some(rest) = self.endpoint.strip_prefix("http://") else {
            return wrong("endpoint", "must begin with https:// or http://");
        };
        let is_here = is_loopback(rest);
        match is_here || self.allow_http {
            true => Ok(()),
            false => wrong(
                "endpoint",
                "is plain http to another host: write https, or set `allow_http`",
            ),
        }
    }
}

/// Whether what stands behind `http://` leads to this host.
fn is_loopback(rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(inner) => inner.split(']').next(),
        None => authority.split(':').next(),
    };
    let host = host.unwrap_or_default();
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(endpoint: &str, allow_http: bool) -> Result<(), String> {
        let settings = S3Settings {
            bucket: "calls".into(),
            endpoint: endpoint.into(),
            access_key_id: "key".into(),
            secret_access_key: "secret".into(),
            allow_http,
            ..S3Settings::default()
        };
        settings.check().map_err(|error| error.to_string())
    }

    #[test]
    fn plain_http_goes_to_this_host_only_unless_it_is_allowed() {
        for endpoint in [
            "",
            "https://s3.example.com",
            "http://localhost:9000",
            "http://127.0.0.1",
            "http://127.0.0.1:9000/",
            "http://[::1]:9000",
        ] {
            assert_eq!(check(endpoint, false), Ok(()), "{endpoint}");
        }
        for endpoint in [
            "http://s3.example.com",
            "http://127.0.0.1.example.com:9000",
            "http://192.0.2.1:9000",
        ] {
            assert!(check(endpoint, false).is_err(), "{endpoint}");
            assert_eq!(check(endpoint, true), Ok(()), "{endpoint}");
        }
        assert!(check("s3.example.com", true).is_err());
    }

    #[test]
    fn no_key_is_shown() {
        let settings = S3Settings {
            access_key_id: "AKIA".into(),
            secret_access_key: "hush".into(),
            ..S3Settings::default()
        };
        let shown = format!("{settings:?}");
        assert!(
            !shown.contains("AKIA") && !shown.contains("hush"),
            "{shown}"
        );
        assert!(settings.check().is_err(), "without a bucket");
    }
}
