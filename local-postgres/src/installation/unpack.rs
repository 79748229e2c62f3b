//! Unpacks the archive: a `.txz` within a `.jar`, which is a zip file.

use std::borrow::Cow;
use std::io::Cursor;
use std::path::Path;

use lzma_rust2::XzReader;
use zip::ZipArchive;

use crate::error::Error;
use crate::installation::download::failed;

/// Unpacks the programs in `archive` into the new folder `folder`, which is somewhere in `cache`.
pub(crate) fn unpack(archive: Vec<u8>, folder: &Path, cache: &Path) -> Result<(), Error> {
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
