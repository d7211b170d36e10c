//! Promotions and their lock. Nobody has published whole traffic of one: some answers were told in words.

use pingone_aic_operator::{
    aic::{Order, RunState},
    http::Guard,
};
use serde_json::json;

use crate::{
    exchange::Answer,
    play::{Made, Play},
};

pub async fn progress(play: &mut Play<'_>) -> Made {
    let progress = play.tenant.promotion_progress().await?;
    let state = match play.answer().body.text("status").as_deref() {
        Some("READY" | "UNLOCKED") => RunState::Idle,
        Some("RUNNING" | "IN_PROGRESS") => RunState::Running,
        _ => RunState::Unknown,
    };
    if progress.state() != state {
        play.wrong(format!(
            "status: the client reads {:?} where {state:?} is meant",
            progress.state()
        ));
    }
    play.same_member("message", progress.message);
    play.same_member("blockingError", progress.blocking_error);
    play.same_member("promotionId", progress.promotion_id);
    for (name, read) in [
        ("missingESVs", progress.missing_esvs),
        ("encryptedSecrets", progress.encrypted_secrets),
    ] {
        let recorded = play
            .answer()
            .body
            .member(name)
            .as_array()
            .cloned()
            .unwrap_or_default();
        play.same(name, read, &recorded.into());
    }
    Ok(())
}

pub async fn promote(play: &mut Play<'_>) -> Made {
    let order = Order {
        promoter: Some("somebody".to_owned()),
        description: "recorded".to_owned(),
        ticket_reference: None,
        ignore_encrypted_secrets: false,
    };
    play.tenant.promote(&order, Guard::new(|| true)).await?;
    Ok(())
}

pub async fn lock(play: &mut Play<'_>) -> Made {
    if play.exchange.answer.is_some() {
        play.tenant.lock(Guard::new(|| true)).await?;
        return Ok(());
    }
    let recorded = json!("00000000-0000-4000-8000-000000000001");
    play.answers([accepted("locking", &recorded)]);
    let id = play.tenant.lock(Guard::new(|| true)).await?;
    play.same("promotionId", id, &recorded);
    Ok(())
}

pub async fn unlock(play: &mut Play<'_>) -> Made {
    let id = play.exchange.request.segment_after("lock").unwrap_or_default();
    play.answers([accepted("unlocking", &json!(id))]);
    play.tenant.unlock(id, None).await?;
    Ok(())
}

/// As the OpenAPI description has it, where no answer was recorded.
fn accepted(result: &str, promotion_id: &serde_json::Value) -> Answer {
    Answer::json(
        202,
        json!({"result": result, "promotionId": promotion_id, "description": ""}),
    )
}
