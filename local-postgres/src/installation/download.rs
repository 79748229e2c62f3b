//! The archive of PostgreSQL's programs, from Maven Central, checked by its SHA-512.

use std::env::consts;
use std::io::Read;
use std::time::Duration;

use sha2::{Digest, Sha512};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use crate::error::Error;

/// The release that is used: the newest for Linux, macOS and Windows, on Intel and ARM. It is
/// fixed, so that a start need not ask which one is the newest.
pub const VERSION: &str = "18.4.0";

const REPOSITORY: &str = "https://repo1.maven.org/maven2/io/zonky/test/postgres";
/// Far more than the 33 MB of the largest archive, that for macOS.
const LIMIT_BYTES: u64 = 100_000_000;

/// Downloads the archive for this machine. `progress` gets the number of bytes downloaded and, if
/// it is known, of all bytes.
pub(crate) fn download(progress: impl FnMut(u64, Option<u64>)) -> Result<Vec<u8>, Error> {
    let (agent, url) = (agent(), url(consts::OS, consts::ARCH));
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

fn agent() -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    let config = Agent::config_builder()
        .tls_config(tls.build())
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(Some(Duration::from_secs(10)))
        .timeout_recv_body(Some(Duration::from_mins(10)));
    Agent::new_with_config(config.build())
}

fn url(system: &str, processor: &str) -> String {
    let system = match system {
        "macos" => "darwin",
        system => system,
    };
    let processor = match (system, processor) {
        // Windows on ARM runs programs for Intel, and nobody builds others.
        (_, "x86_64") | ("windows", "aarch64") => "amd64",
        (_, "aarch64") => "arm64v8",
        (_, processor) => processor,
    };
    let name = format!("embedded-postgres-binaries-{system}-{processor}");
    format!("{REPOSITORY}/{name}/{VERSION}/{name}-{VERSION}.jar")
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

/// Why there is no archive, or none that can be read.
pub(crate) fn failed(reason: &dyn std::fmt::Display) -> Error {
    Error::Download {
        version: VERSION,
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_is_one_that_maven_central_has() {
        for (system, processor, name) in [
            ("linux", "x86_64", "linux-amd64"),
            ("linux", "aarch64", "linux-arm64v8"),
            ("macos", "x86_64", "darwin-amd64"),
            ("macos", "aarch64", "darwin-arm64v8"),
            ("windows", "x86_64", "windows-amd64"),
            ("windows", "aarch64", "windows-amd64"),
        ] {
            let name = format!("/embedded-postgres-binaries-{name}/");
            assert!(url(system, processor).contains(&name), "{name}");
        }
    }
}
