//! Claims that `istioctl analyze` finds nothing wrong.

use super::claim::Claim;
use crate::cluster::SHOP;
use crate::cluster::kubectl::attempt;

/// Istio finds nothing wrong in the shop's namespace.
///
/// # Errors
/// When istioctl cannot be started.
pub(super) fn of_cluster() -> anyhow::Result<Claim> {
    of_files(&[])
}

/// Istio finds nothing wrong in the shop's namespace, once `files` were applied to it.
///
/// # Errors
/// When istioctl cannot be started.
pub(super) fn of_files(files: &[&str]) -> anyhow::Result<Claim> {
    // istioctl writes its findings to standard output, but to standard error that there are none.
    let arguments = [&["analyze"], files, &["-n", SHOP]].concat();
    let analyzed = attempt("istioctl", &arguments, None)?;
    let text = [analyzed.stdout, analyzed.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let is_clean = text.contains("No validation issues found");
    let evidence = if is_clean { "" } else { text.trim() };
    Ok(Claim::new(
        "istioctl analyze finds nothing",
        is_clean,
        evidence,
    ))
}
