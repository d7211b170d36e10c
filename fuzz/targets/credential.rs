//! Whatever stands in a credential's Secret is decoded or refused, and nothing secret is in the refusal.

#![no_main]

use base64::{prelude::BASE64_URL_SAFE_NO_PAD, Engine};
use libfuzzer_sys::fuzz_target;
use pingone_aic_operator::credential::decode;

fuzz_target!(|data: &[u8]| {
    check(data);
    // The same as the payload of a JWT that is whole otherwise.
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let jwt = format!("{}.{}.c2lnbmF0dXJl", part(br#"{"alg":"RS256"}"#), part(data));
    check(jwt.as_bytes());
});

fn check(bytes: &[u8]) {
    match decode(bytes) {
        Ok(credential) => {
            assert!(!credential.id.is_empty() && credential.environment_id.len() == 36);
            assert!(!credential.environment_name.chars().any(char::is_control));
            for url in [&credential.api_url, &credential.auth_url].into_iter().flatten() {
                assert!(url.to_string().starts_with("https://"));
            }
            assert!(!format!("{credential:?}").contains("c2lnbmF0dXJl"));
        }
        Err(error) => {
            let texts = [error.to_string(), format!("{error:?}")];
            assert!(
                texts.iter().all(|text| !text.contains("c2lnbmF0dXJl")),
                "{texts:?}"
            );
        }
    }
}
