//! What an integration goes through in its life: it is made, its credential is rotated, it is deleted.

use std::fmt;

use pingone_aic_simulator::{Realm, pingone::Credential};
use serde_json::json;

use crate::arena::{
    Arena, is_done,
    subject::{ESV, Subject},
};

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
    pub async fn prepare(self, arena: &mut Arena, subject: &Subject) -> Result<Started, String> {
        let credential = subject.credential();
        let started = Started {
            credential,
            procedure: self,
        };
        subject.set_account(&arena.namespace).await;
        subject
            .set_credential(&arena.namespace, &started.credential.jwt)
            .await;
        if self == Self::Creation {
            return Ok(started);
        }
        let policy = if self == Self::Deletion {
            "Delete"
        } else {
            "Retain"
        };
        subject
            .apply(&arena.namespace, json!({"deletionPolicy": policy}))
            .await;
        let id = started.credential.id.clone();
        arena.until(subject, |object| is_done(object, &id).err()).await?;
        // What was news during the last pass is looked at once more, and is no part of what follows.
        arena.settle().await;
        Ok(started)
    }
}

impl Started {
    /// Does what sets the operator in motion.
    pub async fn begin(&mut self, arena: &Arena, subject: &Subject) {
        match self.procedure {
            Procedure::Creation => subject.apply(&arena.namespace, json!({})).await,
            Procedure::Rotation => {
                self.credential = subject.credential();
                subject
                    .set_credential(&arena.namespace, &self.credential.jwt)
                    .await;
            }
            Procedure::Deletion => arena
                .namespace
                .delete("AICIntegration", &subject.name)
                .await
                .unwrap(),
        }
    }

    /// Waits until everything is as it should be in the end.
    pub async fn end(&self, arena: &mut Arena, subject: &Subject) -> Result<(), String> {
        let id = self.credential.id.clone();
        match self.procedure {
            Procedure::Deletion => {
                arena
                    .until(subject, |object| {
                        object.map(|_| "the object is still there".to_owned())
                    })
                    .await?;
                subject.left().map_or(Ok(()), Err)
            }
            Procedure::Creation | Procedure::Rotation => {
                arena.until(subject, |object| is_done(object, &id).err()).await?;
                let versions = if self.procedure == Procedure::Creation {
                    1
                } else {
                    2
                };
                subject
                    .fault(&self.credential, Some(versions))
                    .map_or(Ok(()), Err)
            }
        }
    }
}

impl Subject {
    /// What is left in the tenant that should be gone.
    pub fn left(&self) -> Option<String> {
        let (workers, mappings) = (
            self.tenant.workers(Realm::Alpha),
            self.tenant.mappings(Realm::Alpha),
        );
        let left = (self.tenant.secret(ESV).is_some(), workers.len(), mappings.len());
        (left != (false, 0, 0)).then(|| format!("left are (ESV, workers, mappings): {left:?}"))
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
