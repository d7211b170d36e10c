//! The leader changes at a call: it is killed, told to end, or frozen and thawed.

use std::time::Duration;

use easy_ext::ext;
use pingone_aic_support::{Env, election::Deposed};

use crate::trouble::Trouble;

/// The one that leads then has done something by itself when the other one is thawed.
const GOES_ON_FOR: Duration = Duration::from_mins(1);
/// Half of the time for which a lock has to be idle.
const HALF_A_QUIET_PERIOD: Duration = Duration::from_mins(5);

#[ext(Leaders)]
pub(crate) impl Env {
    /// Has the leader change; who led before is out of the game then.
    async fn change_leader(&mut self, trouble: Trouble) -> Result<Deposed, String> {
        if trouble == Trouble::LeaderChangesInQuietPeriod {
            let first = self.succeed(Trouble::LeaderKilledAfter).await?;
            self.pass_time(HALF_A_QUIET_PERIOD).await;
            self.stand_by(first).await;
        }
        self.succeed(trouble).await
    }

    async fn succeed(&mut self, trouble: Trouble) -> Result<Deposed, String> {
        self.look_at_leader().await;
        let deposed = if trouble == Trouble::LeaderEnded {
            self.end_leader().await
        } else if trouble.freezes() {
            self.freeze_leader()
        } else {
            self.operator.kill();
            self.depose()
        };
        self.until_led().await;
        if !trouble.freezes() {
            return Ok(deposed);
        }
        self.pass_time(GOES_ON_FOR).await;
        let deposed = self.thaw_until_it_ends(deposed).await;
        if deposed
            .operator
            .exit_status()
            .is_some_and(|status| status.success())
        {
            return Err("who lost the lease ended as if all were well".to_owned());
        }
        Ok(deposed)
    }
}
