//! A real Kubernetes control plane on this machine, for the tests and the demo.
//!
//! [`ControlPlane`] boots etcd, kube-apiserver and kube-controller-manager, with
//! RBAC on. [`TestNamespace`] gives a test a namespace of its own, which explains
//! itself when the test fails. [`Operator`] installs the chart with helm and then
//! plays the kubelet, for there is none: it starts the operator's binary with what
//! the rendered Deployment says, and with no other right than the chart's roles.
//!
//! ```no_run
//! # use pingone_aic_harness::{Operator, TestNamespace, Values, is_condition};
//! # use std::time::Duration;
//! # async fn test() {
//! let namespace = TestNamespace::create("a connection becomes ready").await;
//! let values = Values::new(std::env::var_os("OPERATOR").unwrap());
//! let operator = Operator::install(&namespace, values).await.unwrap();
//! namespace.secret("pingone-dev", &[("credential", "eyJ…")]).await.unwrap();
//! namespace.apply("{apiVersion: pingone-aic.io/v1alpha1, kind: PingOneConnection, …}").await.unwrap();
//! namespace
//!     .wait_for("PingOneConnection", "dev", "to be Ready", Duration::from_secs(30), |object| {
//!         is_condition(object, "Ready", "True")
//!     })
//!     .await
//!     .unwrap();
//! # }
//! ```
//!
//! What a test calls after its namespace is there returns a `Result`, so that an
//! `unwrap` names the line of the test and not one in here.

mod argo_cd;
mod certificates;
mod control_plane;
mod flux;
mod namespace;
mod operator;
mod process;
mod programs;
mod scratch;

pub use argo_cd::ArgoCd;
pub use control_plane::ControlPlane;
pub use flux::FluxNotifications;
pub use namespace::{Namespace, TestNamespace, condition, is_condition};
pub use operator::{
    CLOCK_SOCKET, IS_IDLE, Operator, Values, fast_forwarded_operator, operator_binary,
    optimised_fast_forwarded_operator, shipped_operator,
};
pub use programs::{
    ArgoCdPrograms, ExternalSecrets, FluxPrograms, ManifestChecks, Programs, PrometheusPrograms,
};

use std::path::{Path, PathBuf};

/// The root of this repository: the chart, the CRDs and the control plane's Go module are read from it.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Eight characters that no other call returns: a suffix for names.
fn unique() -> String {
    let (head, ..) = uuid::Uuid::new_v4().as_fields();
    format!("{head:08x}")
}
