//! PingOne: a credential's token, and the environment that it belongs to.

use pingone_aic_operator::{credential::Grant, http::BaseUrl, pingone::PingOne};
use secrecy::{ExposeSecret, SecretString};

use crate::play::{LANE, Made, Play};

pub async fn token(play: &mut Play<'_>) -> Made {
    let (pingone, url) = client(play);
    let id = "11111111-2222-4333-8444-555555555555";
    play.replace("environment", "{environmentId}", id);
    let jwt = SecretString::from("header.claims.signature");
    let token = pingone.token(&url, id, &Grant::Gateway(&jwt), LANE).await?;
    play.same_member("access_token", token.expose_secret());
    Ok(())
}

pub async fn environment(play: &mut Play<'_>) -> Made {
    let (pingone, url) = client(play);
    let id = play
        .exchange
        .request
        .segment_after("environments")
        .unwrap_or_default();
    let environment = pingone.environment(&url, id, &"token".into(), LANE).await?;
    play.same_member("id", environment.id);
    play.same_member("name", environment.name);
    Ok(())
}

fn client(play: &Play<'_>) -> (PingOne, BaseUrl) {
    let url = BaseUrl::parse(&format!("https://{}", play.host), "").unwrap();
    (PingOne::new(play.http.clone(), play.clock.clone()), url)
}
