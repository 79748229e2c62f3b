//! A progress bar for the one download that the first start needs.

use std::io::{Write, stderr};

use indicatif::{ProgressBar, ProgressStyle};
use local_postgres::installation::{VERSION, install, programs};

/// Fetches PostgreSQL, if this user does not have it yet.
pub(crate) fn postgresql() -> anyhow::Result<()> {
    if programs()?.is_none() {
        let _ = writeln!(
            stderr(),
            "Fetching PostgreSQL {VERSION} from Maven Central, this once"
        );
        let style = "{bar:40} {bytes} of {total_bytes}, {eta} left";
        let bar = ProgressBar::no_length().with_style(ProgressStyle::with_template(style)?);
        install(|done, total| {
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(done);
        })?;
        bar.finish_and_clear();
    }
    Ok(())
}
