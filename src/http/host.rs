//! Which hosts may be talked to. URLs are input: they are read by a grammar of our own that knows only
//! `https://host[:port]`, because a general parser's leniency (users, escapes, other spellings of an address)
//! is what a forged URL lives on.

use std::{fmt, str::FromStr};

use crate::api::clip;

/// How many bytes of a forged URL a message shows.
const SHOWN: usize = 100;

/// A host as `host` or `host:port`, lower-cased, without the default port 443.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(String);

/// Why a text is no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a host: write a DNS name in letters, digits, '-' and '.', without a trailing dot, and a port only if it is not 443"
)]
pub struct InvalidHost {
    text: String,
}

/// Why a text is no base URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Another scheme than https.
    #[error("{0:?} does not begin with https://")]
    Scheme(String),
    /// More than a host and the one path that is allowed.
    #[error("{0:?} has more than scheme, host and port: remove user, path, query and fragment")]
    Extra(String),
    /// No proper host.
    #[error(transparent)]
    Host(#[from] InvalidHost),
}

impl Host {
    /// The name without the port.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(name, _)| name)
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> &str {
        self.0.split_once(':').map_or("443", |(_, port)| port)
    }

    /// `host` or `host:port`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Host {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let invalid = || InvalidHost {
            text: clip(text, SHOWN),
        };
        let lower = text.to_ascii_lowercase();
        let (name, port) = match lower.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (lower.as_str(), None),
        };
        if name.len() > 253 || !name.split('.').all(is_label) {
            return Err(invalid());
        }
        match port {
            None | Some("443") => Ok(Self(name.to_owned())),
            Some(port) if is_port(port) => Ok(Self(format!("{name}:{port}"))),
            Some(_) => Err(invalid()),
        }
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_port(port: &str) -> bool {
    !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

/// `https://` and a host: what tenant URLs and the URLs in a credential are reduced to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    host: Host,
}

impl BaseUrl {
    /// Reads `https://host[:port]`, optionally followed by `path` and by one slash.
    pub fn parse(text: &str, path: &str) -> Result<Self, InvalidUrl> {
        let Some(rest) = text
            .get(..8)
            .filter(|scheme| scheme.eq_ignore_ascii_case("https://"))
            .map(|_| &text[8..])
        else {
            return Err(InvalidUrl::Scheme(clip(text, SHOWN)));
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let rest = rest.strip_suffix(path).unwrap_or(rest);
        if rest.contains(['/', '@', '?', '#', '\\']) {
            return Err(InvalidUrl::Extra(clip(text, SHOWN)));
        }
        Ok(Self { host: rest.parse()? })
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }
}

impl Host {
    /// Whether a text that was read as a base URL names this host. This copies nothing, because it is called for
    /// thousands of objects.
    #[must_use]
    pub fn is_of(&self, url: &str) -> bool {
        let host = url.get(8..).unwrap_or_default();
        let host = host.strip_suffix('/').unwrap_or(host);
        let host = host.strip_suffix(":443").unwrap_or(host);
        host.eq_ignore_ascii_case(self.as_str())
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "https://{}", self.host)
    }
}

/// An entry of an allow-list: an exact `host` or `host:port`, or `*.suffix` on a label boundary and port 443.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// This host.
    Exact(Host),
    /// Any host below this one, on port 443.
    Below(Host),
}

impl FromStr for HostPattern {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        match text.strip_prefix("*.") {
            Some(suffix) if !suffix.contains(':') => Ok(Self::Below(suffix.parse()?)),
            Some(_) => Err(InvalidHost {
                text: text.to_owned(),
            }),
            None => Ok(Self::Exact(text.parse()?)),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => host.fmt(formatter),
            Self::Below(suffix) => write!(formatter, "*.{suffix}"),
        }
    }
}

/// The allowed hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowList(Vec<HostPattern>);

impl AllowList {
    /// A list of patterns.
    #[must_use]
    pub fn new(patterns: impl IntoIterator<Item = HostPattern>) -> Self {
        Self(patterns.into_iter().collect())
    }

    /// Whether a host is on the list.
    #[must_use]
    pub fn allows(&self, host: &Host) -> bool {
        self.0.iter().any(|pattern| match pattern {
            HostPattern::Exact(exact) => exact == host,
            HostPattern::Below(suffix) => host
                .as_str()
                .strip_suffix(suffix.as_str())
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty()),
        })
    }
}

impl fmt::Display for AllowList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&patterns.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Host {
        text.parse().unwrap()
    }

    #[test]
    fn a_host_is_lower_cased_and_loses_the_default_port() {
        assert_eq!(host("API.PingOne.eu:443").as_str(), "api.pingone.eu");
        assert_eq!(host("api.pingone.eu:8443").port(), "8443");
    }

    #[test]
    fn a_base_url_is_of_the_host_that_reading_it_gives() {
        let host = host("tenant.id.forgerock.io");
        for url in [
            "https://tenant.id.forgerock.io",
            "HTTPS://Tenant.id.forgerock.io:443/",
            "https://tenant.id.forgerock.io:8443",
            "https://other.id.forgerock.io",
        ] {
            let read = BaseUrl::parse(url, "").unwrap();
            assert_eq!(host.is_of(url), *read.host() == host, "{url}");
        }
        assert!(!host.is_of("") && !host.is_of("https://"));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            ".",
            "a..b",
            "host.",
            "-a.b",
            "a-.b",
            "a_b",
            "a b",
            "a:0",
            "a:00443",
            "a:65536",
            "a:",
            "a:1:2",
            "[::1]",
            "user@host",
            "host/path",
            "höst",
            "a%2eb",
            "a\tb",
        ] {
            assert!(text.parse::<Host>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_base_url_is_scheme_and_host_and_one_known_path() {
        for text in [
            "https://api.pingone.eu",
            "https://api.pingone.eu/v1",
            "https://api.pingone.eu/v1/",
            "HTTPS://API.pingone.eu:443/",
        ] {
            assert_eq!(
                BaseUrl::parse(text, "/v1").unwrap().to_string(),
                "https://api.pingone.eu",
                "{text}"
            );
        }
        for text in [
            "http://api.pingone.eu",
            "https:/api.pingone.eu",
            "https://api.pingone.eu/v2",
            "https://api.pingone.eu/v1/v1",
            "https://evil@api.pingone.eu",
            "https://api.pingone.eu?x",
            "https://api.pingone.eu#x",
            "https://api.pingone.eu//",
            "https:\\\\api.pingone.eu",
            " https://api.pingone.eu",
            "https://api.pingone.eu.",
            "https://",
        ] {
            assert!(BaseUrl::parse(text, "/v1").is_err(), "{text}");
        }
    }

    #[test]
    fn a_suffix_matches_on_a_label_boundary_only() {
        let list = AllowList::new([
            "*.id.forgerock.io".parse().unwrap(),
            "api.pingone.eu".parse().unwrap(),
        ]);
        assert!(list.allows(&host("openam-x.id.forgerock.io")));
        assert!(list.allows(&host("api.pingone.eu")));
        for other in [
            "id.forgerock.io",
            "evil-id.forgerock.io",
            "xid.forgerock.io",
            "openam-x.id.forgerock.io:8443",
            "api.pingone.eu:8443",
            "api.pingone.eu.evil.com",
            "127.0.0.1",
            "2130706433",
        ] {
            assert!(!list.allows(&host(other)), "{other}");
        }
    }
}
