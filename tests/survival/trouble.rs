//! What goes wrong at a call.

use std::{fmt, time::Duration};

use pingone_aic_simulator::Fault;

use crate::boundary::Boundary;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The operator is killed before the call is processed.
    KillBefore,
    /// It is killed when the call has been processed and before it is answered.
    KillAfter,
    /// It is killed as soon as the answer is on its way.
    KillAnswered,
    /// As `KillAfter`, in a tenant whose clock is five minutes ahead of ours.
    KillAfterWithFastTenant,
    /// As `KillAfter`, in a tenant whose clock is five minutes behind ours.
    KillAfterWithSlowTenant,
    /// The answer is lost.
    Lost,
    /// 429, with `Retry-After`.
    RateLimited,
    /// 500.
    ServerError,
    /// 502, of something in between.
    BadGateway,
    /// The answer cannot be read.
    Garbage,
    /// Neither processed nor answered: it runs into the timeout.
    Hang,
    /// The access token is refused, as one that has expired.
    TokenExpired,
    /// The service account is revoked at this moment; later a new one is put into the Secret.
    AccountRevoked,
    /// From this moment on the API server is away for a minute.
    ApiServerAway,
    /// From just before the call a promotion of somebody else's locks the environment, for a quarter of an hour.
    Locked,
    /// The object is deleted at this moment.
    Deleted,
    /// Its namespace is, and with it every Secret.
    NamespaceDeleted,
    /// The operator is killed before the call is processed, and before it is back a person has taken the lock over.
    StrangerLocks,
    /// As `StrangerLocks`, when the call has been processed and before it is answered.
    StrangerLocksAfter,
    /// With an election: the leader is killed before the call is processed, and the one that stands by takes over.
    LeaderKilledBefore,
    /// As `LeaderKilledBefore`, when the call has been processed and before it is answered.
    LeaderKilledAfter,
    /// The leader is told to end at this moment.
    LeaderEnded,
    /// The leader is frozen before the call is processed, and thawed when another leads.
    LeaderFrozenBefore,
    /// As `LeaderFrozenBefore`, when the call has been processed and before it is answered.
    LeaderFrozenAfter,
    /// As `LeaderFrozenBefore`, as soon as the answer is on its way.
    LeaderFrozenAnswered,
    /// The answer to the request for the lock is lost, and in the middle of the quiet period the leader changes, twice.
    LeaderChangesInQuietPeriod,
    /// A person stops the run for good.
    Aborted,
    /// A person has it stand still before its next stage, and go on later.
    Suspended,
}

impl Trouble {
    /// All that can happen at a call.
    pub fn at(boundary: &Boundary) -> Vec<Self> {
        let mut troubles = vec![
            Self::KillBefore,
            Self::KillAfter,
            Self::KillAnswered,
            Self::Lost,
            Self::RateLimited,
            Self::ServerError,
            Self::BadGateway,
            Self::Garbage,
            Self::Hang,
            Self::ApiServerAway,
        ];
        if !boundary.is_kubernetes() {
            troubles.extend([Self::KillAfterWithFastTenant, Self::KillAfterWithSlowTenant]);
            troubles.push(Self::Locked);
        }
        if boundary.is_authorized_by_tenant() {
            troubles.extend([Self::TokenExpired, Self::AccountRevoked]);
        }
        troubles
    }

    /// What can happen at a call of a promotion.
    pub fn of_a_run(boundary: &Boundary) -> Vec<Self> {
        let mut troubles = vec![
            Self::KillBefore,
            Self::KillAfter,
            Self::KillAnswered,
            Self::Lost,
            Self::Deleted,
            Self::NamespaceDeleted,
            Self::Aborted,
        ];
        if boundary.is_write() {
            troubles.extend([
                // Between two writes it stands where it stood.
                Self::Suspended,
                Self::RateLimited,
                Self::ServerError,
                Self::BadGateway,
                Self::Garbage,
                Self::Hang,
                Self::ApiServerAway,
            ]);
            if !boundary.is_kubernetes() {
                troubles.extend([Self::StrangerLocks, Self::StrangerLocksAfter]);
            }
        }
        troubles
    }

    /// What can happen to the leader at a call of a promotion.
    pub fn of_a_leader(boundary: &Boundary) -> Vec<Self> {
        let mut troubles = Vec::new();
        if boundary.is_write() {
            troubles.extend([
                Self::LeaderKilledBefore,
                Self::LeaderKilledAfter,
                Self::LeaderEnded,
                Self::LeaderFrozenBefore,
                Self::LeaderFrozenAfter,
                Self::LeaderFrozenAnswered,
            ]);
        }
        if boundary.asks_for_lock() {
            troubles.push(Self::LeaderChangesInQuietPeriod);
        }
        troubles
    }

    /// Whether the call reaches its server at once.
    pub fn is_processed(self) -> bool {
        !matches!(self.fault(), Fault::Hang | Fault::Hold | Fault::CloseBefore)
    }

    /// What the network does to the call.
    pub fn fault(self) -> Fault {
        let body = r#"{"code": 0, "message": "a fault by rule"}"#;
        match self {
            Self::KillBefore
            | Self::StrangerLocks
            | Self::Hang
            | Self::LeaderKilledBefore
            | Self::LeaderFrozenBefore => Fault::Hang,
            Self::LeaderKilledAfter
            | Self::LeaderFrozenAfter
            | Self::LeaderChangesInQuietPeriod
            | Self::StrangerLocksAfter
            | Self::KillAfter
            | Self::KillAfterWithFastTenant
            | Self::KillAfterWithSlowTenant => Fault::HangAfter,
            Self::Locked => Fault::Hold,
            Self::Lost => Fault::CloseAfter,
            Self::RateLimited => Fault::status(429).header("Retry-After", "20").body(body),
            Self::ServerError => Fault::status(500).body(body),
            Self::BadGateway => Fault::status(502).body("<html>Bad Gateway</html>"),
            Self::Garbage => Fault::Garbage,
            Self::TokenExpired => Fault::status(401).body(body),
            // The call itself goes well.
            Self::KillAnswered
            | Self::AccountRevoked
            | Self::ApiServerAway
            | Self::Deleted
            | Self::NamespaceDeleted
            | Self::LeaderEnded
            | Self::LeaderFrozenAnswered
            | Self::Aborted
            | Self::Suspended => Fault::Delay(Duration::ZERO),
        }
    }

    /// Whether the object is deleted.
    pub fn deletes(self) -> bool {
        matches!(self, Self::Deleted | Self::NamespaceDeleted)
    }

    /// Whether the leader is frozen.
    pub fn freezes(self) -> bool {
        matches!(
            self,
            Self::LeaderFrozenBefore | Self::LeaderFrozenAfter | Self::LeaderFrozenAnswered
        )
    }

    /// Whether the leader changes.
    pub fn deposes(self) -> bool {
        let kills = [
            Self::LeaderKilledBefore,
            Self::LeaderKilledAfter,
            Self::LeaderEnded,
            Self::LeaderChangesInQuietPeriod,
        ];
        self.freezes() || kills.contains(&self)
    }

    /// Whether a person takes the lock over.
    pub fn is_strangers(self) -> bool {
        matches!(self, Self::StrangerLocks | Self::StrangerLocksAfter)
    }

    pub fn kills(self) -> bool {
        self.is_strangers()
            || matches!(
                self,
                Self::KillBefore
                    | Self::KillAfter
                    | Self::KillAnswered
                    | Self::KillAfterWithFastTenant
                    | Self::KillAfterWithSlowTenant
            )
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}
