//! What in a tenant uses an ESV.

use std::fmt;

use crate::{
    aic::{Error, EsvId, LabelIdentifier, Tenant},
    api::Realm,
};

/// A secret label of a realm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) realm: Realm,
    pub(super) secret_label: String,
}

impl Label {
    pub(super) fn of(realm: Realm, label: &LabelIdentifier) -> Self {
        Self {
            realm,
            secret_label: label.secret_label(),
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} in realm {}",
            self.secret_label,
            self.realm.as_str()
        )
    }
}

/// The secret labels of both realms that are mapped to the ESV.
pub(super) async fn labels(tenant: &Tenant, esv: &EsvId) -> Result<Vec<Label>, Error> {
    let mut labels = Vec::new();
    for realm in [Realm::Alpha, Realm::Bravo] {
        for mapping in tenant.mappings(realm).await? {
            if mapping.aliases.iter().any(|alias| alias == esv.as_str()) {
                labels.push(Label {
                    realm,
                    secret_label: mapping.secret_label,
                });
            }
        }
    }
    Ok(labels)
}
