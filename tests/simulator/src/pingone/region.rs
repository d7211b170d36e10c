//! The six regions and their hosts.

/// A region of `PingOne`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Region {
    /// `pingone.com`
    NorthAmerica,
    /// `pingone.ca`
    Canada,
    /// `pingone.eu`
    Europe,
    /// `pingone.asia`
    AsiaPacific,
    /// `pingone.com.au`
    Australia,
    /// `pingone.sg`
    Singapore,
}

impl Region {
    /// Every region.
    pub const ALL: [Self; 6] = [
        Self::NorthAmerica,
        Self::Canada,
        Self::Europe,
        Self::AsiaPacific,
        Self::Australia,
        Self::Singapore,
    ];

    /// The code that the API uses.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NorthAmerica => "NA",
            Self::Canada => "CA",
            Self::Europe => "EU",
            Self::AsiaPacific => "AP",
            Self::Australia => "AU",
            Self::Singapore => "SG",
        }
    }

    /// The name that a gateway credential uses; "Europe" and "North America" were seen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NorthAmerica => "North America",
            Self::Canada => "Canada",
            Self::Europe => "Europe",
            Self::AsiaPacific => "Asia Pacific",
            Self::Australia => "Australia",
            Self::Singapore => "Singapore",
        }
    }

    /// The end of its domain, without a leading dot.
    #[must_use]
    pub fn tld(self) -> &'static str {
        match self {
            Self::NorthAmerica => "com",
            Self::Canada => "ca",
            Self::Europe => "eu",
            Self::AsiaPacific => "asia",
            Self::Australia => "com.au",
            Self::Singapore => "sg",
        }
    }

    /// The host of the admin API.
    #[must_use]
    pub fn api_host(self) -> String {
        format!("api.pingone.{}", self.tld())
    }

    /// The host of the token endpoint.
    #[must_use]
    pub fn auth_host(self) -> String {
        format!("auth.pingone.{}", self.tld())
    }

    /// The base URL of the admin API.
    #[must_use]
    pub fn api_url(self) -> String {
        format!("https://{}/v1", self.api_host())
    }

    /// The base URL of the token endpoint.
    #[must_use]
    pub fn auth_url(self) -> String {
        format!("https://{}", self.auth_host())
    }
}
