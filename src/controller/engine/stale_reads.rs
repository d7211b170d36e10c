//! Versions of objects that this process has replaced, until the watch shows newer ones. A reconciliation of such a
//! version would call the vendors again and could not write its status.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use parking_lot::Mutex;

/// By object. Clones share one state.
#[derive(Clone, Default)]
pub(crate) struct StaleReads(Arc<Mutex<HashMap<Uid, HashSet<Version>>>>);

type Uid = String;
type Version = String;

impl StaleReads {
    /// A write of this process replaced the first version with the second.
    pub(crate) fn by_us(&self, before: &ObjectMeta, after: &ObjectMeta) {
        let (Some(uid), Some(version)) = (&before.uid, &before.resource_version) else {
            return;
        };
        // A write that changes nothing leaves the version as it is.
        if after.resource_version != before.resource_version {
            let mut replaced = self.0.lock();
            replaced.entry(uid.clone()).or_default().insert(version.clone());
        }
    }

    /// Whether this version is known to be replaced.
    pub(crate) fn has(&self, object: &ObjectMeta) -> bool {
        let (Some(uid), Some(version)) = (&object.uid, &object.resource_version) else {
            return false;
        };
        self.0
            .lock()
            .get(uid)
            .is_some_and(|versions| versions.contains(version))
    }

    /// The watch shows this version. If this process has not replaced it, the watch shows no older one any more.
    pub(crate) fn shown(&self, object: &ObjectMeta) {
        if !self.has(object) {
            self.gone(object);
        }
    }

    /// The object was deleted.
    pub(crate) fn gone(&self, object: &ObjectMeta) {
        if let Some(uid) = &object.uid {
            self.0.lock().remove(uid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(version: &str) -> ObjectMeta {
        ObjectMeta {
            uid: Some("u".to_owned()),
            resource_version: Some(version.to_owned()),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn what_we_replaced_is_known_until_the_watch_shows_a_later_one() {
        let replaced = StaleReads::default();
        replaced.by_us(&version("1"), &version("2"));
        replaced.by_us(&version("2"), &version("3"));
        assert!(replaced.has(&version("1")) && replaced.has(&version("2")));
        assert!(!replaced.has(&version("3")), "the last one stands");
        replaced.shown(&version("2"));
        assert!(replaced.has(&version("2")), "the watch is behind still");
        replaced.shown(&version("3"));
        assert!(!replaced.has(&version("2")) && replaced.0.lock().is_empty());
        replaced.by_us(&version("3"), &version("3"));
        assert!(!replaced.has(&version("3")), "nothing was changed");
        replaced.by_us(&version("3"), &version("4"));
        replaced.gone(&version("4"));
        assert!(replaced.0.lock().is_empty());
    }
}
