//! Mappings of secret labels. All that were recorded are of other services' labels.

use pingone_aic_operator::aic::{EsvId, LabelIdentifier, Mapping};
use serde_json::Value;

use crate::play::{Made, Play};

pub async fn read(play: &mut Play<'_>) -> Made {
    let (realm, label) = (play.realm(), label(play));
    match play.tenant.mapping(realm, &label).await? {
        None => play.answers_with(404),
        Some(mapping) => {
            let recorded = play.answer().body.json();
            holds(play, &mapping, &recorded);
        }
    }
    Ok(())
}

pub async fn list(play: &mut Play<'_>) -> Made {
    let realm = play.realm();
    let mappings = play.tenant.mappings(realm).await?;
    let recorded = play.answer().body.member("result");
    play.same(
        "how many mappings",
        mappings.len(),
        &recorded.as_array().map_or(0, Vec::len).into(),
    );
    for (mapping, recorded) in mappings.iter().zip(recorded.as_array().into_iter().flatten()) {
        holds(play, mapping, recorded);
    }
    Ok(())
}

pub async fn put(play: &mut Play<'_>) -> Made {
    let (realm, label) = (play.realm(), label(play));
    let recorded = play.exchange.request.body.member("aliases");
    let alias = recorded[0].as_str().unwrap_or_default();
    let esv: EsvId = alias.parse().unwrap_or_else(|_| "esv-recorded".parse().unwrap());
    play.replace("alias", alias, esv.as_str());
    play.tenant.put_mapping(realm, &label, &esv).await?;
    Ok(())
}

pub async fn delete(play: &mut Play<'_>) -> Made {
    let (realm, label) = (play.realm(), label(play));
    play.tenant.delete_mapping(realm, &label).await?;
    if !play.answer().is_success() {
        play.answers_with(404);
    }
    Ok(())
}

fn holds(play: &mut Play<'_>, mapping: &Mapping, recorded: &Value) {
    play.same("_id", &mapping.secret_label, &recorded["_id"]);
    play.same("aliases", &mapping.aliases, &recorded["aliases"]);
    let alias = recorded["aliases"][0].as_str().unwrap_or_default();
    if let Ok(esv) = alias.parse() {
        play.same("where it leads", mapping.leads_to(&esv), &true.into());
    }
}

fn label(play: &mut Play<'_>) -> LabelIdentifier {
    let label: LabelIdentifier = "Recorded".parse().unwrap();
    let recorded = play
        .exchange
        .request
        .segment_after("mappings")
        .unwrap_or_default();
    play.replace("label", recorded, &label.secret_label());
    label
}
