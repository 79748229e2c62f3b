//! PostgreSQL's programs, downloaded once for this user.
//!
//! Maven Central has them for each platform, as a `.txz` within a `.jar`, thanks to
//! <https://github.com/zonkyio/embedded-postgres-binaries>.

use std::borrow::Cow;
use std::env::consts;
use std::fs::{self, File};
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lzma_rust2::XzReader;
use sha2::{Digest, Sha512};
use ureq::Body;
use ureq::tls::{RootCerts, TlsConfig};
use zip::ZipArchive;

use crate::attempt::{attempt, finish};
use crate::{Error, user};

/// The release that is used: the newest that there is for Linux, macOS and Windows, on Intel and
/// ARM. It is fixed, so that a start asks nobody what is newest.
pub const VERSION: &str = "18.4.0";

const REPOSITORY: &str = "https://repo1.maven.org/maven2/io/zonky/test/postgres";
/// The archive has 15 MB.
const LIMIT_BYTES: u64 = 100_000_000;

/// The folder of `initdb` and `pg_ctl`, if [`install`] has nothing to do.
///
/// # Errors
/// When the account has no folder for them.
pub fn programs() -> Result<Option<PathBuf>, Error> {
    let programs = folder()?.join("bin");
    Ok(programs.exists().then_some(programs))
}

/// Downloads, checks and unpacks the programs, unless this user has them. `progress` is told the
/// bytes downloaded and, if known, of how many.
///
/// # Errors
/// When Maven Central cannot be reached, sends something else, or the disk is full.
pub fn install(progress: impl FnMut(u64, Option<u64>)) -> Result<PathBuf, Error> {
    // What is there is whole, and may be on a disk that is only for reading.
    if let Some(programs) = programs()? {
        return Ok(programs);
    }
    let folder = folder()?;
    let cache = user::cache_folder()?;
    fs::create_dir_all(&cache).map_err(Error::file(&cache))?;
    user::let_in(&cache)?;
    let lock = cache.join("download.lock");
    let lock = File::create(&lock).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(Error::file(&cache))?;
    if programs()?.is_none() {
        let archive = download(progress)?;
        let attempt = attempt(&cache, "postgresql")?;
        let unfinished = attempt.path().join("postgresql");
        unpack(archive, &unfinished, &cache)?;
        finish(&unfinished, &folder)?;
    }
    Ok(folder.join("bin"))
}

fn folder() -> Result<PathBuf, Error> {
    Ok(user::cache_folder()?.join(format!("postgresql-{VERSION}")))
}

fn download(progress: impl FnMut(u64, Option<u64>)) -> Result<Vec<u8>, Error> {
    let system = match consts::OS {
        "macos" => "darwin",
        system => system,
    };
    let processor = match consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64v8",
        processor => processor,
    };
    let name = format!("embedded-postgres-binaries-{system}-{processor}");
    let url = format!("{REPOSITORY}/{name}/{VERSION}/{name}-{VERSION}.jar");
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    let config = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(Some(Duration::from_secs(10)))
        .timeout_recv_body(Some(Duration::from_mins(10)));
    let agent = ureq::Agent::new_with_config(config.build());
    let get = |url: &str| match agent.get(url).call() {
        Err(ureq::Error::StatusCode(404)) => Err(Error::Platform {
            version: VERSION,
            platform: format!("{} on {}", consts::OS, consts::ARCH),
        }),
        answer => answer.map_err(|error| failed(&error)),
    };

    let expected = get(&format!("{url}.sha512"))?.body_mut().read_to_string();
    let expected = expected.map_err(|error| failed(&error))?;
    let archive = read(get(&url)?.into_body(), progress)?;
    let hash = Sha512::digest(&archive);
    let hash = hash
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    if hash == expected.trim() {
        Ok(archive)
    } else {
        Err(failed(&"what came is not what was sent"))
    }
}

fn read(body: Body, mut progress: impl FnMut(u64, Option<u64>)) -> Result<Vec<u8>, Error> {
    let total = body.content_length();
    let mut reader = body.into_with_config().limit(LIMIT_BYTES).reader();
    let mut archive = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        let length = reader.read(&mut chunk).map_err(|error| failed(&error))?;
        if length == 0 {
            return Ok(archive);
        }
        archive.extend_from_slice(&chunk[..length]);
        progress(archive.len() as u64, total);
    }
}

fn unpack(archive: Vec<u8>, folder: &Path, cache: &Path) -> Result<(), Error> {
    let mut jar = ZipArchive::new(Cursor::new(archive)).map_err(|error| failed(&error))?;
    let txz = jar
        .file_names()
        .flatten()
        .find(|name| name.ends_with(".txz"));
    let txz = txz.map(Cow::into_owned);
    let name = txz.ok_or_else(|| failed(&"the archive is empty"))?;
    let compressed = jar.by_name(&name).map_err(|error| failed(&error))?;
    let tar = XzReader::new(compressed, false);
    tar::Archive::new(tar)
        .unpack(folder)
        .map_err(Error::file(cache))
}

fn failed(reason: &dyn std::fmt::Display) -> Error {
    Error::Download {
        version: VERSION,
        reason: reason.to_string(),
    }
}
