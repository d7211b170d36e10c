//! Who may do what, as the chart renders it.

use super::*;

#[test]
fn secrets_are_readable_in_the_watched_namespaces_only() {
    let namespaces = |objects: &[Value]| -> Vec<String> {
        let roles = of_kind(objects, "Role").into_iter();
        // The lease's own Role reads none.
        roles
            .filter(|role| role.to_string().contains("secrets"))
            .map(|role| {
                role["metadata"]["namespace"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    };
    let cluster_wide = |objects: &[Value]| of_kind(objects, "ClusterRole")[0].to_string().contains("secrets");
    let watched = |objects: &[Value]| -> Vec<String> {
        let arguments = arguments(objects).into_iter();
        arguments
            .filter_map(|argument| Some(argument.strip_prefix("--watch-namespace=")?.to_owned()))
            .collect()
    };

    let home = template(&[]).unwrap();
    assert_eq!(
        (namespaces(&home), watched(&home)),
        (vec!["home".to_owned()], vec!["home".to_owned()])
    );
    assert!(!cluster_wide(&home));

    let two = template(&["watchNamespaces=[\"a\",\"b\"]"]).unwrap();
    assert_eq!(
        (namespaces(&two), watched(&two)),
        (vec!["a".into(), "b".into()], vec!["a".into(), "b".into()])
    );
    assert!(!cluster_wide(&two));

    let all = template(&["watchAllNamespaces=true"]).unwrap();
    assert_eq!((namespaces(&all), watched(&all)), (vec![], vec![]));
    assert!(cluster_wide(&all));
}

#[test]
fn the_lease_of_a_release_is_its_own_and_nothing_else_of_it_is_allowed() {
    let objects = template(&[]).unwrap();
    let roles = of_kind(&objects, "Role").into_iter();
    let lease = roles
        .filter(|role| role.to_string().contains("leases"))
        .collect::<Vec<_>>();
    assert_eq!(lease.len(), 1);
    let allowed = lease[0]["rules"].as_array().unwrap();
    let name = arguments(&objects)
        .into_iter()
        .find_map(|argument| Some(argument.strip_prefix("--lease-name=")?.to_owned()));
    assert_eq!(allowed[1]["resourceNames"][0].as_str(), name.as_deref());
    assert_eq!(allowed[0]["verbs"].as_array().unwrap(), &["create"]);

    let alone = template(&["leaderElect=false", "replicas=1"]).unwrap();
    assert!(
        !of_kind(&alone, "Role")
            .into_iter()
            .any(|role| role.to_string().contains("leases"))
    );
    assert!(
        !arguments(&alone)
            .iter()
            .any(|argument| argument.starts_with("--lea"))
    );
}

#[test]
fn whoever_may_edit_does_not_thereby_promote() {
    let none = template(&[]).unwrap();
    assert_eq!(of_kind(&none, "ClusterRole").len(), 1);
    let objects = template(&["rbac.userRoles=true"]).unwrap();
    let role = |name: &str| {
        let name = format!("home:release-pingone-aic-operator-{name}");
        let mut roles = of_kind(&objects, "ClusterRole").into_iter();
        roles.find(|role| role["metadata"]["name"] == name).unwrap()
    };
    let aggregates_to = |name: &str| {
        let labels = role(name)["metadata"]["labels"].as_object().unwrap().keys();
        let to = labels.filter_map(|label| label.strip_prefix("rbac.authorization.k8s.io/aggregate-to-"));
        to.collect::<BTreeSet<_>>()
    };
    assert_eq!(aggregates_to("view"), BTreeSet::from(["view", "edit", "admin"]));
    assert_eq!(aggregates_to("edit"), BTreeSet::from(["edit", "admin"]));
    assert_eq!(aggregates_to("promote"), BTreeSet::new());
    assert!(!role("edit").to_string().contains("promotions"));
    assert!(role("promote").to_string().contains("patch"));
}
