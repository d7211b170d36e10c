//! A namespace, and what a test does in it.

mod explain;
mod test_namespace;
mod wait;

pub use test_namespace::TestNamespace;
pub use wait::{condition, is_condition};

use crate::ControlPlane;
use anyhow::{Context as _, Result};
use explain::Explanations;
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, Patch, PatchParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};
use std::{fmt::Display, sync::Arc};

/// The API version of the kinds that are named without one.
const OPERATOR_API: &str = "pingone-aic.io/v1alpha1";

/// Who owns the fields that a test sets.
const FIELD_MANAGER: &str = "pingone-aic-harness";

/// A namespace of a [`ControlPlane`].
///
/// Its methods name an object by kind and name. The kind is one of the operator's
/// (`AICIntegration`), or one with its API version (`v1/Secret`, `apps/v1/Deployment`).
pub struct Namespace {
    control_plane: Arc<ControlPlane>,
    client: kube::Client,
    name: String,
    explanations: Explanations,
}

impl Namespace {
    /// Creates it. It stays until somebody deletes it ([`TestNamespace`] deletes itself).
    pub async fn create(control_plane: &Arc<ControlPlane>, name: &str) -> Result<Self> {
        Self::create_with(control_plane, name, &json!({})).await
    }

    async fn create_with(control_plane: &Arc<ControlPlane>, name: &str, metadata: &Value) -> Result<Self> {
        let client = control_plane.client().await?;
        let mut namespace = json!({"metadata": metadata});
        namespace["metadata"]["name"] = name.into();
        let namespace = serde_json::from_value(namespace)?;
        let api: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
        let created = api.create(&kube::api::PostParams::default(), &namespace).await;
        created.with_context(|| format!("failed to create the namespace {name}"))?;
        let name = name.to_owned();
        Ok(Self {
            control_plane: Arc::clone(control_plane),
            client,
            name,
            explanations: Explanations::default(),
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is.
    #[must_use]
    pub fn control_plane(&self) -> &Arc<ControlPlane> {
        &self.control_plane
    }

    /// A client as cluster administrator, of this test's runtime.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        self.client.clone()
    }

    /// The objects of one kind.
    #[must_use]
    pub fn api(&self, kind: &str) -> Api<DynamicObject> {
        let (version, kind) = kind.rsplit_once('/').unwrap_or((OPERATOR_API, kind));
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.client(), &self.name, &resource)
    }

    /// All objects of one kind as text, to look for what must not be there.
    pub async fn text_of(&self, kind: &str) -> Result<String> {
        let all = self.api(kind).list(&kube::api::ListParams::default()).await?;
        Ok(serde_json::to_string(&all)?)
    }

    /// Applies namespaced objects (server-side, forced): YAML of any number of documents, or a
    /// `serde_json::Value`, whose text is YAML too. Returns the objects as the API server answered.
    pub async fn apply(&self, manifests: impl Display) -> Result<Vec<DynamicObject>> {
        let manifests: Vec<Value> = serde_saphyr::from_multiple(&manifests.to_string())?;
        let mut applied = Vec::new();
        for manifest in manifests {
            let text = |pointer: &str| {
                let text = manifest.pointer(pointer).and_then(Value::as_str);
                text.with_context(|| format!("the manifest has no {pointer}: {manifest}"))
            };
            let kind = format!("{}/{}", text("/apiVersion")?, text("/kind")?);
            let name = text("/metadata/name")?;
            let params = PatchParams::apply(FIELD_MANAGER).force();
            let answer = self
                .api(&kind)
                .patch(name, &params, &Patch::Apply(&manifest))
                .await;
            applied.push(answer.with_context(|| format!("failed to apply {kind} {name}"))?);
        }
        Ok(applied)
    }

    /// Applies a Secret with exactly this data.
    pub async fn secret(&self, name: &str, data: &[(&str, &str)]) -> Result<()> {
        let data = data
            .iter()
            .map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec())));
        let secret = Secret {
            data: Some(data.collect()),
            ..Secret::default()
        };
        let mut manifest = serde_json::to_value(secret)?;
        manifest["metadata"] = json!({"name": name});
        self.apply(manifest).await?;
        Ok(())
    }

    /// Reads an object.
    pub async fn get(&self, kind: &str, name: &str) -> Result<DynamicObject> {
        self.api(kind)
            .get(name)
            .await
            .with_context(|| format!("failed to get {kind} {name}"))
    }

    /// Changes an object by a JSON merge patch.
    pub async fn patch(&self, kind: &str, name: &str, patch: &Value) -> Result<DynamicObject> {
        let answer = self
            .api(kind)
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await;
        answer.with_context(|| format!("failed to patch {kind} {name}"))
    }

    /// Changes an object's status by a JSON merge patch, as a restored backup does.
    pub async fn patch_status(&self, kind: &str, name: &str, patch: &Value) -> Result<DynamicObject> {
        let answer = self
            .api(kind)
            .patch_status(name, &PatchParams::default(), &Patch::Merge(patch))
            .await;
        answer.with_context(|| format!("failed to patch the status of {kind} {name}"))
    }

    /// Asks for an object's deletion ([`Self::wait_gone`] waits for it).
    pub async fn delete(&self, kind: &str, name: &str) -> Result<()> {
        let answer = self.api(kind).delete(name, &DeleteParams::default()).await;
        answer.with_context(|| format!("failed to delete {kind} {name}"))?;
        Ok(())
    }
}
