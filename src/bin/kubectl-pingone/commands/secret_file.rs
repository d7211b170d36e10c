//! A file that holds something secret.

use std::{fs, io::Read as _, path::Path};

use secrecy::SecretSlice;

use crate::failure::Failure;

/// Reads it; `-` is standard input.
pub fn read(file: &Path) -> Result<SecretSlice<u8>, Failure> {
    if file.as_os_str().as_encoded_bytes().starts_with(b"eyJ") {
        let message = "that is a credential and no file: write it into a file, or pipe it into -";
        return Err(Failure::Usage(message.to_owned()));
    }
    let read = || {
        let mut text = Vec::new();
        if file == Path::new("-") {
            std::io::stdin().read_to_end(&mut text)?;
        } else {
            text = fs::read(file)?;
        }
        Ok(text.into())
    };
    read().map_err(|error: std::io::Error| Failure::Usage(format!("{}: {error}", file.display())))
}
