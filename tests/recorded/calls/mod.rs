//! Which call of the clients goes to which endpoint.

mod esv;
mod mapping;
mod pingone;
mod promotion;
mod token;
mod worker;

pub use worker::LABEL_TITLE;

use ::http::Method;
use pingone_aic_operator::http::Call;
use serde_json::json;

use crate::play::{Made, Play};

/// Makes the client's own call to an endpoint, and holds what it makes of the answer; `None` where the clients make no
/// such call.
pub async fn make(endpoint: &str, play: &mut Play<'_>) -> Option<Made> {
    let (method, rest) = endpoint.split_once(' ')?;
    let service = "{realm}/services/pingOneWorkerService";
    let store = "{realm}/secrets/stores/GoogleSecretManagerSecretStoreProvider/ESV";
    if let Some(rest) = rest.strip_prefix(service) {
        return match (method, rest) {
            ("GET", "") => Some(worker::read_service(play).await),
            ("PUT", "") => Some(worker::put_service(play).await),
            ("PUT", "/workers/{name}") => Some(worker::put(play).await),
            ("POST", "/workers/{name}?_action=testConnection") => Some(worker::test(play).await),
            _ => None,
        };
    }
    if let Some(rest) = rest.strip_prefix(store) {
        return match (method, rest) {
            ("GET", "/mappings/{label}") => Some(mapping::read(play).await),
            ("GET", "/mappings?_queryFilter=true") => Some(mapping::list(play).await),
            ("PUT", "/mappings/{label}") => Some(mapping::put(play).await),
            ("DELETE", "/mappings/{label}") => Some(mapping::delete(play).await),
            _ => None,
        };
    }
    Some(match endpoint {
        "POST /am/oauth2/access_token" | "POST /am/oauth2/access_token with authorization_code" => {
            token::get(play).await
        }
        "GET /environment/secrets" => esv::list(play).await,
        "GET /environment/secrets/{id}" => esv::read(play).await,
        "PUT /environment/secrets/{id}" => esv::create(play).await,
        "DELETE /environment/secrets/{id}" => esv::delete(play).await,
        "POST /environment/secrets/{id}?_action=setDescription" => esv::describe(play).await,
        "GET /environment/secrets/{id}/versions" => esv::versions(play).await,
        "POST /environment/secrets/{id}/versions?_action=create" => esv::create_version(play).await,
        "POST /environment/secrets/{id}/versions/{version}?_action=changestatus" => esv::disable(play).await,
        "GET /environment/promotion/promote" => promotion::progress(play).await,
        "POST /environment/promotion/promote" => promotion::promote(play).await,
        "POST /environment/promotion/lock" => promotion::lock(play).await,
        "DELETE /environment/promotion/lock/{promotionId}" => promotion::unlock(play).await,
        "POST /{environmentId}/as/token" => pingone::token(play).await,
        "GET /v1/environments/{environmentId}" => pingone::environment(play).await,
        _ => return None,
    })
}

/// Makes a call that no client makes, through the stack that all of them stand on.
pub async fn make_any(play: &mut Play<'_>) -> Made {
    let request = &play.exchange.request;
    let method: Method = request.method.parse().unwrap();
    let query = if request.query.is_empty() {
        String::new()
    } else {
        format!("?{}", request.query)
    };
    let call = Call::new(
        method.clone(),
        format!("{}{query}", request.path),
        "do what was recorded",
    );
    let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(&method);
    let call = if has_body { call.json(&json!({})) } else { call };
    play.http.send(&play.host, call.once_only()).await?;
    Ok(())
}
