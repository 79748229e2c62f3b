//! Whether a log has colours.

use std::env;
use std::io::{IsTerminal, stderr};

/// Whether what is written to standard error has colours: as the terminal, `NO_COLOR` and
/// `CLICOLOR_FORCE` say (<https://bixense.com/clicolors/>).
pub fn has_colour() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && (set("CLICOLOR_FORCE") || (stderr().is_terminal() && terminal_has_colour()))
}

#[cfg(unix)]
fn terminal_has_colour() -> bool {
    true
}

/// A console of Windows shows colours once it is asked to understand their codes. Before Windows 10 it
/// cannot. Other terminals there, such as Git Bash's, understand the codes and set `TERM`.
#[cfg(windows)]
fn terminal_has_colour() -> bool {
    anstyle_query::windows::enable_ansi_colors() == Some(true)
        || anstyle_query::term_supports_ansi_color()
}
