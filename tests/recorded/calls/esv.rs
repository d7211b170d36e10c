//! ESVs.

use base64::{Engine, prelude::BASE64_STANDARD};
use pingone_aic_operator::{
    aic::{Creation, Esv, EsvId, Version},
    http::Guard,
};
use secrecy::SecretString;
use serde_json::Value;

use crate::play::{Made, Play};

pub async fn read(play: &mut Play<'_>) -> Made {
    match play.tenant.esv(&id(play)).await? {
        None => play.answers_with(404),
        Some(esv) => holds(play, &esv),
    }
    Ok(())
}

pub async fn list(play: &mut Play<'_>) -> Made {
    let esvs = play.tenant.esvs().await?;
    let recorded = play.answer().body.member("result");
    let recorded = recorded.as_array().cloned().unwrap_or_default();
    play.same("how many ESVs", esvs.len(), &recorded.len().into());
    for ((id, esv), recorded) in esvs.iter().zip(&recorded) {
        play.same("_id", id, &recorded["_id"]);
        play.same("activeVersion", &esv.active_version, &recorded["activeVersion"]);
        play.same("description", &esv.description, &recorded["description"]);
    }
    Ok(())
}

pub async fn create(play: &mut Play<'_>) -> Made {
    let description = play.argument("description");
    match play
        .tenant
        .create_esv(&id(play), &value(play), &description)
        .await?
    {
        Creation::Refused(_) => play.answers_with(400),
        Creation::Created(esv) => holds(play, &esv),
    }
    Ok(())
}

pub async fn delete(play: &mut Play<'_>) -> Made {
    play.tenant.delete_esv(&id(play)).await?;
    if !play.answer().is_success() {
        play.answers_with(404);
    }
    Ok(())
}

pub async fn describe(play: &mut Play<'_>) -> Made {
    let description = play.argument("description");
    play.tenant.describe_esv(&id(play), &description).await?;
    Ok(())
}

pub async fn versions(play: &mut Play<'_>) -> Made {
    let versions = play.tenant.esv_versions(&id(play)).await?;
    let recorded = play.answer().body.json();
    play.same(
        "how many versions",
        versions.len(),
        &recorded.as_array().map_or(0, Vec::len).into(),
    );
    for (version, recorded) in versions.iter().zip(recorded.as_array().into_iter().flatten()) {
        is_version(play, version, recorded);
    }
    Ok(())
}

pub async fn create_version(play: &mut Play<'_>) -> Made {
    let guard = Guard::new(|| true);
    let version = play
        .tenant
        .create_esv_version(&id(play), &value(play), guard)
        .await?;
    let recorded = play.answer().body.json();
    is_version(play, &version, &recorded);
    Ok(())
}

pub async fn disable(play: &mut Play<'_>) -> Made {
    let version = play
        .exchange
        .request
        .segment_after("versions")
        .unwrap_or_default();
    play.tenant.disable_esv_version(&id(play), version).await?;
    Ok(())
}

fn holds(play: &mut Play<'_>, esv: &Esv) {
    play.same_member("activeVersion", &esv.active_version);
    play.same_member("encoding", &esv.encoding);
    play.same_member("useInPlaceholders", esv.use_in_placeholders);
    play.same_member("description", &esv.description);
}

fn is_version(play: &mut Play<'_>, version: &Version, recorded: &Value) {
    play.same("version", &version.version, &recorded["version"]);
    play.same("createDate", &version.create_date, &recorded["createDate"]);
    play.same("status", &version.status, &recorded["status"]);
}

fn id(play: &Play<'_>) -> EsvId {
    let id = play.exchange.request.segment_after("secrets");
    id.unwrap_or_default().parse().unwrap()
}

/// The recorded value; one that was shortened is replaced, and so not compared.
fn value(play: &Play<'_>) -> SecretString {
    let decoded = BASE64_STANDARD.decode(play.argument("valueBase64"));
    let text = decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.unwrap_or_else(|| "a value".to_owned()).into()
}
