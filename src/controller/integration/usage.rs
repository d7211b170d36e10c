//! What in a tenant uses an ESV.

use crate::{
    aic::{Error, EsvId, LabelIdentifier, Tenant},
    api::Realm,
};

/// The secret labels of both realms that are mapped to the ESV, but for our own.
pub(super) async fn other_labels(
    tenant: &Tenant,
    esv: &EsvId,
    own_realm: Realm,
    own_label: &LabelIdentifier,
) -> Result<Vec<String>, Error> {
    let mut labels = Vec::new();
    for realm in [Realm::Alpha, Realm::Bravo] {
        for mapping in tenant.mappings(realm).await? {
            let is_own = realm == own_realm && mapping.secret_label == own_label.secret_label();
            if mapping.aliases.iter().any(|alias| alias == esv.as_str()) && !is_own {
                labels.push(format!("{} in realm {}", mapping.secret_label, realm.as_str()));
            }
        }
    }
    Ok(labels)
}
