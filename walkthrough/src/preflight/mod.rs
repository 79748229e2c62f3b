//! `widgetario preflight`: whether this laptop can show the walkthrough, and how to correct what is
//! not as it should be.
//!
//! Each check is a file, and says in a line what it found, or how to mend it. `laptops` says what
//! follows from the kind of cluster, and `istio_releases` which Kubernetes each Istio supports.

mod ambient;
mod cluster;
mod images;
mod istio_releases;
mod istioctl;
mod laptops;
mod meshes;
mod network;
mod ports;
mod size;

use std::process::ExitCode;

use chassis::say;
use clap::Args;

use self::cluster::Cluster;
use crate::cleanup;
use crate::cluster::consent::Consent;

/// Whether the cluster may be changed.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    consent: Consent,
}

/// What a check found.
enum Finding {
    Fine(String),
    /// It cannot be said yet, or it is no obstacle.
    Later(String),
    /// What is wrong, and how to mend it.
    Mend(String),
}

type Look = fn(&Cluster) -> anyhow::Result<Finding>;

/// The checks of the cluster, in the order in which they are written.
const OF_THE_CLUSTER: [(&str, Look); 7] = [
    ("the machine is large enough", |cluster| {
        Ok(size::check(cluster))
    }),
    ("Istio supports this Kubernetes", istioctl::fits),
    ("no other mesh is in the way", meshes::check),
    ("the shop's images are in every node", images::check),
    ("localhost:8010 is the shop's", |cluster| {
        Ok(ports::shop(cluster.distribution))
    }),
    ("localhost:80 is the gateway's", |cluster| {
        Ok(ports::gateway(cluster.distribution))
    }),
    ("ambient (demo 7)", |cluster| Ok(ambient::check(cluster))),
];

/// Makes all checks; the status tells whether this machine can show the walkthrough.
///
/// # Errors
/// When nobody reads the results.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    cleanup::watch_for_interruption()?;
    let mut is_fit = true;
    let mut tell = |name: &str, found: anyhow::Result<Finding>| {
        let (verdict, text) = match found {
            Ok(Finding::Fine(text)) => ("ok", text),
            Ok(Finding::Later(text)) => ("-", text),
            Ok(Finding::Mend(text)) => ("MEND", text),
            Err(error) => ("MEND", format!("{error:#}")),
        };
        is_fit &= verdict != "MEND";
        say!("  {verdict:6} {name}: {text}")
    };
    tell("istioctl is installed", istioctl::installed())?;
    let cluster = Cluster::reach();
    let found = match &cluster {
        Ok(cluster) => cluster.check(),
        Err(error) => Ok(Finding::Mend(format!("{error:#}"))),
    };
    tell("kubectl reaches a cluster", found)?;
    if let Ok(cluster) = &cluster {
        for line in laptops::what_follows(cluster.distribution) {
            say!("         {line}")?;
        }
        for (name, look) in OF_THE_CLUSTER {
            tell(name, look(cluster))?;
        }
        let probed = network::check(cluster, &options.consent);
        tell("whether the network enforces NetworkPolicies", probed)?;
    } else {
        tell("localhost:8010 is free", Ok(ports::free(8010)))?;
        tell("localhost:80 is free", Ok(ports::free(80)))?;
        say!("         The other checks need a cluster.")?;
    }
    Ok(if is_fit {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
