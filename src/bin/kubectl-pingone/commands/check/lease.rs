//! Whether an operator's Lease is held by somebody who is alive.

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use pingone_aic_operator::clock::Clock;

use super::{good, operators::Operator, problem, unknown};
use crate::{cluster::Cluster, failure::Failure, style::age, tree::Node};

/// In seconds: the clock of whoever asks is not the operator's.
const CLOCKS_DIFFER: i64 = 60;

/// `None`: it elects no leader.
pub async fn observe(cluster: &Cluster, operator: &Operator) -> Option<Node> {
    let options = operator.options.as_ref().ok()?;
    let namespace = options
        .lease_namespace
        .as_ref()
        .filter(|_| options.leader_elect)?;
    let what = "Lease".to_owned();
    let api: Api<Lease> = Api::namespaced(cluster.client.clone(), namespace);
    Some(match api.get_opt(&options.lease_name).await {
        Ok(Some(lease)) => decide(what, lease),
        Ok(None) => problem(what, "there is none: no process has led yet"),
        Err(error) => {
            let failure = Failure::of(&what, &error);
            unknown(what, &failure)
        }
    })
}

fn decide(what: String, lease: Lease) -> Node {
    let spec = lease.spec.unwrap_or_default();
    let holder = spec.holder_identity.filter(|holder| !holder.is_empty());
    let (Some(holder), Some(renewed)) = (holder, spec.renew_time) else {
        return problem(what, "nobody holds it: no process acts");
    };
    let now = Clock::system().now();
    let renewed_ago = age(renewed.0, now);
    let lasts = i64::from(spec.lease_duration_seconds.unwrap_or_default());
    if now.as_second() - renewed.0.as_second() > lasts + CLOCKS_DIFFER {
        let said = format!("{holder} renewed it {renewed_ago} ago, and it lasts {lasts}s: no process acts");
        return problem(what, said);
    }
    good(what, format!("{holder} renewed it {renewed_ago} ago"))
}
