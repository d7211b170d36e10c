//! The program's flags, in the chart's values.

use super::*;

/// The values hold every flag, the program reads what they become, and docs/configuration.md names it.
#[test]
fn every_flag_follows_a_value() {
    let defaults = arguments(&template(&[]).unwrap());
    let changed = arguments(
        &template(&[
            "watchNamespaces=[\"a\"]",
            "selector=\"shard=a\"",
            "allowedTenantHosts=[\"*.example.com\"]",
            "allowedPingOneHosts=[\"example.com:8443\"]",
            "caBundle.configMap=\"ca\"",
            "bindAddress=\"[::]\"",
            "tenantRequestsPerSecond=1",
            "pingoneRequestsPerSecond=2.5",
            "log={\"format\":\"text\",\"level\":\"debug\"}",
            "metrics.perObject=true",
            "otlpEndpoint=\"http://collector:4318\"",
        ])
        .unwrap(),
    );
    let alone = arguments(&template(&["leaderElect=false", "replicas=1"]).unwrap());
    for rendered in [&defaults, &changed, &alone] {
        let line = ["pingone-aic-operator"]
            .into_iter()
            .chain(rendered.iter().map(String::as_str));
        Arguments::try_parse_from(line).unwrap();
    }
    let document = fs::read_to_string(repository().join("docs/configuration.md")).unwrap();
    let command = Arguments::command();
    let flags: Vec<_> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    assert!(flags.len() >= 14, "{flags:?}");
    for flag in flags {
        let flag = format!("--{flag}");
        let of = |rendered: &[String]| -> Vec<String> {
            let is = |argument: &&String| argument.split('=').next() == Some(flag.as_str());
            rendered.iter().filter(is).cloned().collect()
        };
        assert!(!of(&changed).is_empty(), "{flag} is not rendered");
        // Of the lease only whether there is one: where and under which name it is, the release says.
        assert!(
            of(&changed) != of(&defaults) || of(&alone) != of(&defaults),
            "{flag} is the same whatever the values"
        );
        assert!(
            document.contains(&format!("`{flag}`")),
            "{flag} is not in docs/configuration.md"
        );
    }
}
