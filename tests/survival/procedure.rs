//! What an integration goes through in its life: it is made, its credential is rotated, it is deleted.

use std::fmt;

use easy_ext::ext;
use pingone_aic_simulator::{Realm, pingone::Credential};
use pingone_aic_support::{
    Env,
    fixture::{ESV, Fixture, LABEL, WORKER},
    is_done,
};
use serde_json::json;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Procedure {
    Creation,
    Rotation,
    Deletion,
}

/// A procedure under way.
pub struct Started {
    /// The credential that the tenant should have in the end.
    credential: Credential,
    procedure: Procedure,
}

impl Procedure {
    pub const ALL: [Self; 3] = [Self::Creation, Self::Rotation, Self::Deletion];

    /// Makes what the procedure begins with.
    pub async fn prepare(self, env: &mut Env, fixture: &Fixture) -> Result<Started, String> {
        let credential = fixture.credential();
        let started = Started {
            credential,
            procedure: self,
        };
        fixture.set_account(&env.namespace).await;
        fixture
            .set_credential(&env.namespace, &started.credential.jwt)
            .await;
        if self == Self::Creation {
            return Ok(started);
        }
        let policy = if self == Self::Deletion {
            "Delete"
        } else {
            "Retain"
        };
        fixture
            .apply(&env.namespace, json!({"deletionPolicy": policy}))
            .await;
        let id = started.credential.id.clone();
        env.until(fixture, |object| is_done(object, &id).err()).await?;
        // What was news during the last pass is looked at once more, and is no part of what follows.
        env.settle().await;
        Ok(started)
    }
}

impl Started {
    /// Does what sets the operator in motion.
    pub async fn begin(&mut self, env: &Env, fixture: &Fixture) {
        match self.procedure {
            Procedure::Creation => fixture.apply(&env.namespace, json!({})).await,
            Procedure::Rotation => {
                self.credential = fixture.credential();
                fixture.set_credential(&env.namespace, &self.credential.jwt).await;
            }
            Procedure::Deletion => env
                .namespace
                .delete("AICIntegration", &fixture.name)
                .await
                .unwrap(),
        }
    }

    /// Waits until everything is as it should be in the end.
    pub async fn end(&self, env: &mut Env, fixture: &Fixture) -> Result<(), String> {
        let id = self.credential.id.clone();
        match self.procedure {
            Procedure::Deletion => {
                env.until(fixture, |object| {
                    object.map(|_| "the object is still there".to_owned())
                })
                .await?;
                fixture.left().map_or(Ok(()), Err)
            }
            Procedure::Creation | Procedure::Rotation => {
                env.until(fixture, |object| is_done(object, &id).err()).await?;
                let versions = if self.procedure == Procedure::Creation {
                    1
                } else {
                    2
                };
                fixture
                    .fault(&self.credential, Some(versions))
                    .map_or(Ok(()), Err)
            }
        }
    }
}

#[ext(Left)]
pub(crate) impl Fixture {
    /// What is left in the tenant that should be gone.
    fn left(&self) -> Option<String> {
        let (workers, mappings) = (
            self.tenant.workers(Realm::Alpha),
            self.tenant.mappings(Realm::Alpha),
        );
        let left = (
            self.tenant.secret(ESV).is_some(),
            workers.contains_key(WORKER),
            mappings.contains_key(LABEL),
        );
        (left != (false, false, false)).then(|| format!("left are (ESV, worker, mapping): {left:?}"))
    }
}

impl fmt::Display for Procedure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Creation => "creation",
            Self::Rotation => "rotation",
            Self::Deletion => "deletion",
        })
    }
}
