//! A service account's assertion.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    folder::{Folder, keys},
    schema::answered,
    stage::Stage,
};

#[tokio::test]
async fn our_assertion_has_the_claims_of_a_recorded_one() {
    let Some(folder) = Folder::open("assertions are not held") else {
        return;
    };
    let stage = Stage::new().await;
    for recorded in folder.file("access-token.json")["assertions"].as_array().unwrap() {
        let exchange = answered(json!({}));
        let play = stage.play(&exchange);
        assert!(play.tenant.accepts_account().await);
        let form = play.sent_to("/am/oauth2/access_token").remove(0).body;
        let assertion = form.text("assertion").unwrap();
        let part = |number: usize| -> Value {
            let part = assertion.split('.').nth(number).unwrap();
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let (header, claims) = (part(0), part(1));
        assert_eq!(header["alg"], recorded["header"]["alg"]);
        assert_eq!(keys(&claims), keys(&recorded["claims"]));
        assert_eq!(claims["iss"], claims["sub"]);
        assert_eq!(recorded["claims"]["iss"], recorded["claims"]["sub"]);
        // The audience bears the port, also where it is 443.
        let audience = recorded["claims"]["aud"].as_str().unwrap();
        let path = audience.split_once(":443").unwrap().1;
        assert_eq!(claims["aud"], format!("https://{}{path}", play.host));
        let lifetime = claims["exp"].as_i64().unwrap() - play.clock.now().as_second();
        assert!(
            (1..=180).contains(&lifetime),
            "some deployments refuse more than the recorded 180 s: {lifetime}"
        );
    }
}
