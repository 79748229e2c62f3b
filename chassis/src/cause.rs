//! Why something failed, below what libraries say of it.

use std::error::Error;

/// The innermost cause of `error`, most often the operating system's: "Connection refused (os error
/// 111)".
pub(crate) fn innermost(error: &dyn Error) -> &dyn Error {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause
}
