//! The tenant's service account, from the Secret that the operator gets, too.

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use pingone_aic_operator::aic::ServiceAccount;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use serde::Deserialize;

use crate::{commands::secret_file, failure::Failure};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Secret {
    string_data: Option<Keys>,
    data: Option<Keys>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    service_account_id: SecretString,
    jwk: SecretString,
}

pub fn read(file: &Path) -> Result<ServiceAccount, Failure> {
    let wrong = |why: String| Failure::Usage(format!("{}: {why}", file.display()));
    let text = secret_file::read(file)?;
    // A parser's message could repeat what it has read.
    let secret = std::str::from_utf8(text.expose_secret())
        .ok()
        .and_then(|text| serde_saphyr::from_str::<Secret>(text).ok());
    let keys = secret.and_then(|secret| match secret {
        Secret {
            string_data: Some(keys),
            ..
        } => Some((bytes(&keys.service_account_id), bytes(&keys.jwk))),
        Secret { data: Some(keys), .. } => Some((decoded(&keys.service_account_id)?, decoded(&keys.jwk)?)),
        Secret { .. } => None,
    });
    let Some((id, jwk)) = keys else {
        return Err(wrong(
            "it is no Secret with the keys serviceAccountId and jwk: give one as a manifest, or as kubectl get secret -o yaml prints it"
                .to_owned(),
        ));
    };
    let id = String::from_utf8_lossy(id.expose_secret()).into_owned();
    ServiceAccount::parse(&id, jwk.expose_secret()).map_err(|error| wrong(error.to_string()))
}

fn bytes(text: &SecretString) -> SecretSlice<u8> {
    text.expose_secret().as_bytes().to_vec().into()
}

fn decoded(text: &SecretString) -> Option<SecretSlice<u8>> {
    Some(BASE64_STANDARD.decode(text.expose_secret()).ok()?.into())
}
