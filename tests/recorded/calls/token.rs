//! A tenant's access token, which is fetched for the first call that needs one.

use std::{collections::BTreeSet, time::Duration};

use pingone_aic_operator::aic;
use serde_json::json;

use crate::{
    exchange::Answer,
    play::{Made, Play},
};

pub async fn get(play: &mut Play<'_>) -> Made {
    let answer = play.answer().clone();
    let absent = Answer::json(404, json!({"code": 404, "message": "there is no such ESV"}));
    play.token_and_answers(answer.clone(), [absent]);
    let id = "esv-recorded".parse().unwrap();
    let result = play.tenant.esv(&id).await;
    let missing = missing_scopes(play, &answer);
    match result {
        Err(aic::Error::ScopeMissing(told)) if answer.is_success() => {
            play.same("the scopes that are missing", told, &missing.into());
            return Ok(());
        }
        result => result?,
    };
    play.same("the scopes that are missing", "", &missing.into());
    let bearer = format!("Bearer {}", answer.body.text("access_token").unwrap_or_default());
    for call in play.sent_to("/environment/secrets/esv-recorded") {
        play.same(
            "authorization",
            &call.headers["authorization"],
            &bearer.clone().into(),
        );
    }
    let lifetime = Duration::from_secs(answer.body.member("expires_in").as_u64().unwrap_or_default());
    for (advance, fetched) in [(lifetime / 2, 1), (lifetime / 2, 2)] {
        play.control.advance(advance);
        play.tenant.esv(&id).await?;
        let tokens = play.sent_to("/am/oauth2/access_token").len();
        play.same(
            "tokens fetched by half and by the whole of expires_in",
            tokens,
            &fetched.into(),
        );
    }
    Ok(())
}

/// What was asked for and not granted, as the answer tells it.
fn missing_scopes(play: &Play<'_>, answer: &Answer) -> String {
    let scopes = |text: Option<String>| -> Vec<String> {
        text.unwrap_or_default().split(' ').map(str::to_owned).collect()
    };
    let granted: BTreeSet<_> = scopes(answer.body.text("scope")).into_iter().collect();
    let requests = play.sent_to("/am/oauth2/access_token");
    let asked = scopes(requests.first().and_then(|request| request.body.text("scope")));
    let missing: Vec<_> = asked
        .into_iter()
        .filter(|scope| !granted.contains(scope))
        .collect();
    missing.join(" ")
}
