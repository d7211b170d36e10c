//! Lists as AM and IDM answer them (`ForgeRock` common REST).

use serde::{Deserialize, de::DeserializeOwned};

use crate::http::{Error, Reply};

/// All items. A list with another page is an error, because what it lacks would count as absent.
pub(super) fn whole_list<T: DeserializeOwned>(reply: &Reply) -> Result<Vec<T>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Page<T> {
        result: Vec<T>,
        #[serde(default)]
        paged_results_cookie: Option<String>,
    }
    let page: Page<T> = reply.json()?;
    if page.paged_results_cookie.is_some_and(|cookie| !cookie.is_empty()) {
        return Err(reply.unreadable("the list continues on another page".to_owned()));
    }
    Ok(page.result)
}
