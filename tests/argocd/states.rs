//! How the operator itself brings objects into a state.

use easy_ext::ext;
use kube::core::DynamicObject;
use pingone_aic_support::{Env, fixture::Fixture};
use serde_json::{Value, json};

use crate::table::{Light, Table};

/// The reason of `Ready`, if it is said of the object as it is.
fn reason(object: &DynamicObject) -> &str {
    let status = &object.data["status"];
    let is_current = status["observedGeneration"].as_i64() == object.metadata.generation;
    let conditions = status["conditions"].as_array();
    let ready = conditions.and_then(|all| all.iter().find(|condition| condition["type"] == "Ready"));
    let reason = ready.and_then(|ready| ready["reason"].as_str());
    reason.filter(|_| is_current).unwrap_or_default()
}

#[ext(States)]
pub(crate) impl Env {
    /// An object as it is once `Ready` has this reason.
    async fn once(&mut self, kind: &str, name: &str, wanted: &str) -> DynamicObject {
        let object = self
            .until_object(kind, name, |object| {
                let found = object.map(reason).unwrap_or_default();
                (found != wanted).then(|| format!("{kind} {name}: the reason is {found:?}, not {wanted}"))
            })
            .await;
        object.unwrap().unwrap()
    }

    /// The same, with what it is to be.
    async fn see(&mut self, table: &mut Table, kind: &str, name: &str, wanted: &str, light: Light) {
        let object = self.once(kind, name, wanted).await;
        table.add(&format!("{wanted}: "), object, light);
    }

    /// Changes a spec.
    async fn change(&self, kind: &str, name: &str, spec: Value) {
        let patch = json!({"spec": spec});
        self.namespace.patch(kind, name, &patch).await.unwrap();
    }

    /// A fixture's objects and Secrets, with this credential.
    async fn begin(&self, fixture: &Fixture, jwt: &str, more: Value) {
        fixture.set_account(&self.namespace).await;
        fixture.set_credential(&self.namespace, jwt).await;
        fixture.apply(&self.namespace, more).await;
    }
}
