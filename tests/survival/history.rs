//! A generated history of one integration: changes of spec and Secret, drift, faults, crashes. Whatever it was, what
//! the last spec asks for is there in the end.

use std::time::Duration;

use fastrand::Rng;
use pingone_aic_simulator::{Fault, FaultHandle, Realm, Rule, pingone::Credential};
use pingone_aic_support::{
    API_SERVER, Env,
    fixture::{ESV, Fixture, LABEL, WORKER},
    is_done,
};
use serde_json::{Value, json};

use crate::{case::Cases, procedure::Left};

const LONGEST: usize = 12;

/// Something that happens.
#[derive(Clone, Copy, Debug)]
enum Happening {
    NewCredential,
    RevokedCredential,
    DamagedSecret,
    NewAccount,
    Suspended,
    OnlyWarned,
    Resumed,
    WorkerGone,
    WorkerEdited,
    MappingGone,
    MappedElsewhere,
    ServiceOff,
    VersionAdded,
    MarkEdited,
    EsvGone,
    Locked,
    Unlocked,
    AnswersLost,
    TenantFails,
    RateLimited,
    Killed,
    ApiServerAway,
    TimePasses,
}

const HAPPENINGS: [Happening; 23] = [
    Happening::NewCredential,
    Happening::RevokedCredential,
    Happening::DamagedSecret,
    Happening::NewAccount,
    Happening::Suspended,
    Happening::OnlyWarned,
    Happening::Resumed,
    Happening::WorkerGone,
    Happening::WorkerEdited,
    Happening::MappingGone,
    Happening::MappedElsewhere,
    Happening::ServiceOff,
    Happening::VersionAdded,
    Happening::MarkEdited,
    Happening::EsvGone,
    Happening::Locked,
    Happening::Unlocked,
    Happening::AnswersLost,
    Happening::TenantFails,
    Happening::RateLimited,
    Happening::Killed,
    Happening::ApiServerAway,
    Happening::TimePasses,
];

struct History {
    fixture: Fixture,
    /// What is wanted in the end; not always what is in the Secret.
    credential: Credential,
    rules: Vec<FaultHandle>,
}

/// Runs the history of a seed.
pub async fn run(env: &mut Env, seed: u64) -> Result<(), String> {
    let mut random = Rng::with_seed(seed);
    let fixture = env.fixture();
    let happenings: Vec<_> = (0..random.usize(3..=LONGEST))
        .map(|_| HAPPENINGS[random.usize(..HAPPENINGS.len())])
        .collect();
    let deletes = random.bool();
    let mut history = History {
        credential: fixture.credential(),
        fixture,
        rules: Vec::new(),
    };
    let result = history.live(env, &mut random, &happenings, deletes).await;
    env.forget(&history.fixture).await;
    result.map_err(|why| format!("{why}; the history was {happenings:?}, deleted at its end: {deletes}"))
}

impl History {
    async fn live(
        &mut self,
        env: &mut Env,
        random: &mut Rng,
        happenings: &[Happening],
        deletes: bool,
    ) -> Result<(), String> {
        let policy = json!({"deletionPolicy": if deletes { "Delete" } else { "Retain" }});
        self.fixture.set_account(&env.namespace).await;
        self.fixture
            .set_credential(&env.namespace, &self.credential.jwt)
            .await;
        self.fixture.apply(&env.namespace, policy).await;
        for happening in happenings {
            // Sometimes in the middle of what went before, sometimes after it.
            tokio::time::sleep(Duration::from_millis(random.u64(0..60))).await;
            self.happen(env, random, *happening).await;
        }
        for rule in self.rules.drain(..) {
            rule.remove();
        }
        self.fixture.tenant.console().unlock();
        self.fixture
            .set_credential(&env.namespace, &self.credential.jwt)
            .await;
        self.patch(env, json!({"suspend": false, "driftPolicy": "Correct"}))
            .await;
        let id = self.credential.id.clone();
        let (fixture, credential) = (&self.fixture, &self.credential);
        env.until(fixture, |object| {
            is_done(object, &id)
                .err()
                .or_else(|| fixture.fault(credential, None))
        })
        .await?;
        if deletes {
            env.namespace
                .delete("AICIntegration", &fixture.name)
                .await
                .unwrap();
            env.until(fixture, |object| {
                object.map(|_| "the object is still there".to_owned())
            })
            .await?;
            return fixture.left().map_or(Ok(()), Err);
        }
        Ok(())
    }

    async fn happen(&mut self, env: &mut Env, random: &mut Rng, happening: Happening) {
        let Self { fixture, .. } = self;
        let (tenant, console) = (&fixture.tenant, fixture.tenant.console());
        let has_worker = tenant.workers(Realm::Alpha).contains_key(WORKER);
        let has_mapping = tenant.mappings(Realm::Alpha).contains_key(LABEL);
        let has_esv = tenant.secret(ESV).is_some();
        let is_frozen = tenant.is_locked();
        // An ESV without its mark that no status remembers is a stranger's, and so is an edited worker: nobody can tell.
        let object = env.integration(fixture).await;
        let is_remembered = |what: &str| {
            object
                .as_ref()
                .is_some_and(|object| object.data["status"][what].is_object())
        };
        let is_made = object
            .as_ref()
            .is_some_and(|object| object.data["status"]["worker"]["origin"] == "Made");
        match happening {
            Happening::NewCredential => {
                self.credential = fixture.credential();
                fixture.set_credential(&env.namespace, &self.credential.jwt).await;
            }
            Happening::RevokedCredential => {
                let refused = fixture.credential();
                fixture.connection.revoke(&refused.id);
                fixture.set_credential(&env.namespace, &refused.jwt).await;
            }
            Happening::DamagedSecret => fixture.set_credential(&env.namespace, "not a credential").await,
            Happening::NewAccount => {
                for account in fixture.accounts() {
                    tenant.revoke_service_account(&account);
                }
                fixture.set_account(&env.namespace).await;
            }
            Happening::Suspended => self.patch(env, json!({"suspend": true})).await,
            Happening::OnlyWarned => self.patch(env, json!({"driftPolicy": "Warn"})).await,
            Happening::Resumed => {
                self.patch(env, json!({"suspend": false, "driftPolicy": "Correct"}))
                    .await;
            }
            Happening::WorkerGone if has_worker && !is_frozen => console.delete_worker(Realm::Alpha, WORKER),
            Happening::WorkerEdited if has_worker && !is_frozen && is_made => {
                console.edit_worker(Realm::Alpha, WORKER, "useCredential", false);
            }
            Happening::MappingGone if has_mapping && !is_frozen => {
                console.delete_mapping(Realm::Alpha, LABEL);
            }
            Happening::MappedElsewhere if has_mapping && !is_frozen => {
                console.put_mapping(Realm::Alpha, LABEL, "esv-another");
            }
            Happening::ServiceOff if has_worker && !is_frozen => {
                console.set_worker_service(Realm::Alpha, false);
            }
            Happening::VersionAdded if has_esv => console.add_version(ESV, "somebody else's"),
            Happening::MarkEdited if has_esv && is_remembered("esv") => {
                console.set_description(ESV, "edited by a person");
            }
            Happening::EsvGone if has_esv => console.delete_secret(ESV),
            Happening::Locked if !is_frozen => drop(console.lock()),
            Happening::Unlocked => console.unlock(),
            Happening::AnswersLost => self.meet(env, random, Fault::CloseAfter),
            Happening::TenantFails => self.meet(env, random, Fault::status(500)),
            Happening::RateLimited => {
                self.meet(env, random, Fault::status(429).header("Retry-After", "30"));
            }
            Happening::Killed => env.restart().await,
            Happening::ApiServerAway => {
                let outage = env.network.outage(API_SERVER);
                env.advance(Duration::from_mins(1)).await;
                drop(outage);
            }
            Happening::TimePasses => {
                for _ in 0..random.usize(1..=12) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    env.advance(Duration::from_mins(1)).await;
                }
            }
            // There is nothing that it could happen to.
            _ => {}
        }
    }

    fn meet(&mut self, env: &Env, random: &mut Rng, fault: Fault) {
        let rule = Rule::on(self.fixture.tenant.host())
            .after(random.u32(0..6))
            .times(random.u32(1..4));
        self.rules.push(env.network.fault(rule, fault));
    }

    async fn patch(&self, env: &Env, spec: Value) {
        let patch = json!({"spec": spec});
        env.namespace
            .patch("AICIntegration", &self.fixture.name, &patch)
            .await
            .unwrap();
    }
}
