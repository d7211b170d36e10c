//! `kubectl pingone check`, of an installation that is taken apart.

use std::{sync::Arc, time::Instant};

use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use kube::{
    Api, ResourceExt as _,
    api::{ListParams, Patch, PatchParams},
};
use pingone_aic_harness::{ControlPlane, Operator, TestNamespace, Values};
use pingone_aic_simulator::Network;
use pingone_aic_support::REAL_PATIENCE;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::person::Person;

const CLUSTER: [(&str, &str); 2] = [
    ("get", "apiextensions.k8s.io/customresourcedefinitions"),
    ("create", "authorization.k8s.io/subjectaccessreviews"),
];
const NAMESPACE: [(&str, &str); 3] = [
    ("list", "apps/deployments"),
    ("get", "coordination.k8s.io/leases"),
    ("list", "pingoneconnections,aicintegrations,promotions"),
];

/// An operator as the chart installs it, in a cluster of its own.
struct Installation {
    namespace: TestNamespace,
    network: Network,
    _operator: Operator,
}

impl Installation {
    async fn start(sentence: &str) -> Self {
        let control_plane: Arc<ControlPlane> = ControlPlane::start_with_crds().await.unwrap();
        let namespace = TestNamespace::create_in(&control_plane, sentence).await;
        let network = Network::start().await;
        let values = Values::new(env!("CARGO_BIN_EXE_pingone-aic-operator"));
        let values = values.vendors(&network.proxy_url(), &network.ca_pem());
        let operator = Operator::install(&namespace, values).await.unwrap();
        Self {
            namespace,
            network,
            _operator: operator,
        }
    }

    /// There is no kubelet that would say so.
    async fn has_a_pod(&self) {
        let api = self.namespace.api("apps/v1/Deployment");
        for deployment in api.list(&ListParams::default()).await.unwrap() {
            let status = json!({"status": {"replicas": 2, "readyReplicas": 2, "availableReplicas": 2}});
            let name = deployment.name_any();
            self.namespace
                .patch_status("apps/v1/Deployment", &name, &status)
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_named_and_a_whole_installation_is_good() {
    let it = Installation::start("a plugin checks an installation").await;
    let admin = Person::who_may(&it.network, &it.namespace, "admin", &NAMESPACE).await;
    let admin = admin.and_everywhere(&it.namespace, &CLUSTER).await;
    // What was changed a moment ago is not known to the whole API server at once.
    let problem = async |words: &str| {
        let deadline = Instant::now() + REAL_PATIENCE;
        loop {
            let said = admin.runs(&["check", "-o", "json"]).await;
            let found: Vec<Value> = serde_json::from_str(&said.text).unwrap();
            let problems: Vec<_> = leaves(&found).filter(|leaf| leaf["state"] != "ok").collect();
            let is_said = |leaf: &Value| leaf["message"].as_str().is_some_and(|text| text.contains(words));
            if said.code == 1 && problems.len() == 1 && is_said(problems[0]) {
                return;
            }
            assert!(Instant::now() < deadline, "{words}: {problems:?}");
        }
    };
    problem("0 of 2 are available").await;
    it.has_a_pod().await;
    let good = admin.does(&["check"]).await;
    for words in [
        "promotions.pingone-aic.io",
        "of this plugin's version",
        it.namespace.name(),
        "*.id.forgerock.io",
        "Lease",
        "all that it needs",
        "there are none",
    ] {
        assert!(good.contains(words), "{words}: {good}");
    }
    // Whatever the chart grants is needed, and looked for.
    let mut taken = 0;
    taken += without_each_right::<Role>(
        &it,
        Api::namespaced(it.namespace.client(), it.namespace.name()),
        &problem,
    )
    .await;
    taken += without_each_right::<ClusterRole>(&it, Api::all(it.namespace.client()), &problem).await;
    assert_eq!(taken, 20, "verbs that the chart grants");

    let elsewhere = json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration", "metadata": {"name": "elsewhere"},
        "spec": {
            "connectionRef": {"name": "c"}, "realm": "alpha",
            "tenant": {
                "url": "https://login.example.com", "environment": "Development",
                "serviceAccountSecretRef": {"name": "s"},
            },
        },
    });
    it.namespace.apply(elsewhere).await.unwrap();
    problem("login.example.com is on no allow-list").await;
    it.namespace.delete("AICIntegration", "elsewhere").await.unwrap();

    let older = json!([{"op": "remove", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/suspend"}]);
    let crd = [
        "patch",
        "crd",
        "pingoneconnections.pingone-aic.io",
        "--type=json",
        "--patch",
        &older.to_string(),
    ];
    it.namespace.control_plane().kubectl(&crd).await.unwrap();
    problem("does not know v1alpha1.spec.suspend").await;
}

/// What was looked at, whatever it belongs to.
fn leaves(sections: &[Value]) -> impl Iterator<Item = &Value> {
    sections
        .iter()
        .flat_map(|section| section["children"].as_array().unwrap())
}

/// Takes each verb of each rule of the operator's away, one after the other, and how many there were.
async fn without_each_right<K>(it: &Installation, api: Api<K>, problem: &impl AsyncFn(&str)) -> usize
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Serialize,
{
    let mut taken = 0;
    let labels = ListParams::default().labels("app.kubernetes.io/name=pingone-aic-operator");
    for role in api.list(&labels).await.unwrap() {
        // Roles for people are the chart's, too.
        if role.labels().keys().any(|name| name.contains("aggregate-to"))
            || role.name_any().ends_with("-promote")
        {
            continue;
        }
        let name = role.name_any();
        let rules: Vec<PolicyRule> = serde_json::from_value(json!(role)["rules"].clone()).unwrap();
        for (index, rule) in rules.iter().enumerate() {
            for (resource, verb) in rule
                .resources
                .iter()
                .flatten()
                .flat_map(|resource| rule.verbs.iter().map(move |verb| (resource, verb)))
            {
                let mut fewer = rules.clone();
                let mut rest = rule.clone();
                rest.resources = Some(vec![resource.clone()]);
                rest.verbs.retain(|kept| kept != verb);
                fewer[index]
                    .resources
                    .as_mut()
                    .unwrap()
                    .retain(|kept| kept != resource);
                fewer.push(rest);
                fewer.retain(|rule| {
                    !rule.verbs.is_empty() && rule.resources.as_ref().is_some_and(|all| !all.is_empty())
                });
                set(&api, &name, &fewer).await;
                problem(&format!("it may not {verb} {resource}:")).await;
                set(&api, &name, &rules).await;
                taken += 1;
            }
        }
    }
    let _ = it;
    taken
}

async fn set<K>(api: &Api<K>, name: &str, rules: &[PolicyRule])
where
    K: Clone + std::fmt::Debug + DeserializeOwned,
{
    let patch = json!({"rules": rules});
    api.patch(name, &PatchParams::default(), &Patch::Merge(&patch))
        .await
        .unwrap();
}

#[tokio::test]
async fn who_may_not_look_is_told_what_is_not_known() {
    let network = Network::start().await;
    let namespace = TestNamespace::create("a plugin checks for nobody").await;
    let nobody = Person::who_may(&network, &namespace, "nobody", &[]).await;
    let said = nobody.runs(&["check"]).await;
    assert_eq!(said.code, 3, "{said:?}");
    assert!(
        !said.text.contains(" ok ") && !said.text.contains("problem"),
        "{said:?}"
    );
    for words in ["customresourcedefinitions", "deployments", "pingoneconnections"] {
        assert!(
            said.text.contains(&format!("cannot get resource \"{words}"))
                || said.text.contains(&format!("cannot list resource \"{words}")),
            "{words}: {said:?}"
        );
    }
}
