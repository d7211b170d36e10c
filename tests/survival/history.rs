//! A generated history of one integration: changes of spec and Secret, drift, faults, crashes. Whatever it was, what
//! the last spec asks for is there in the end.

use std::{cell::Cell, time::Duration};

use fastrand::Rng;
use kube::core::DynamicObject;
use pingone_aic_harness::condition;
use pingone_aic_simulator::{Fault, FaultHandle, Realm, Rule, pingone::Credential};
use pingone_aic_support::{
    API_SERVER, Env,
    fixture::{ESV, Fixture, LABEL, WORKER},
    is_done,
};
use serde_json::{Value, json};

use crate::{
    case::Cases,
    happening::{HAPPENINGS, Happening},
    procedure::Left,
};

const LONGEST: usize = 12;
const LABEL_IDENTIFIER: &str = "PingOne.Integration.AIC";
/// What people are asked to put right.
const REFUSED: [&str; 4] = [
    "EsvNotOwned",
    "WorkerNotOwned",
    "LabelNotOwned",
    "WorkerServiceDisabled",
];

struct History {
    fixture: Fixture,
    /// What is wanted in the end; not always what is in the Secret.
    credential: Credential,
    rules: Vec<FaultHandle>,
    /// What a deletion removes is what this object made: a restored one has taken it over.
    is_restored: bool,
    has_rival: bool,
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
        is_restored: false,
        has_rival: false,
    };
    let result = history.live(env, &mut random, &happenings, deletes).await;
    env.forget(&history.fixture).await;
    result.map_err(|why| format!("{why}; the history was {happenings:?}, deleted at its end: {deletes}"))
}

fn is_refused(object: &DynamicObject) -> bool {
    let reason = condition(object, "Ready")["reason"].as_str().unwrap_or_default();
    REFUSED.contains(&reason)
}

fn rival_of(fixture: &Fixture) -> String {
    format!("{}-rival", fixture.name)
}

impl History {
    async fn live(
        &mut self,
        env: &mut Env,
        random: &mut Rng,
        happenings: &[Happening],
        deletes: bool,
    ) -> Result<(), String> {
        let from = env.network.position();
        let policy = json!({"deletionPolicy": if deletes { "Delete" } else { "Retain" }});
        self.fixture.add_strangers_integration();
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
        self.let_rival_go(env).await?;
        let (fixture, credential) = (&self.fixture, &self.credential);
        let refused = Cell::new(true);
        while refused.get() {
            env.until(fixture, |object| {
                refused.set(object.is_some_and(is_refused));
                let left = is_done(object, &credential.id).err();
                let left = left.or_else(|| fixture.fault(credential, None));
                left.filter(|_| !refused.get())
            })
            .await?;
            if refused.get() {
                self.let_people_help(env).await;
                env.step().await;
            }
        }
        let calls = env.network.journal_since(from);
        let allowed = 1 + happenings.iter().map(|it| it.versions()).sum::<usize>();
        let made = fixture.versions_made(&calls);
        if made > allowed {
            return Err(format!(
                "{made} versions were made, and {allowed} at most were needed"
            ));
        }
        if let Some(call) = fixture.touched_stranger(&calls) {
            return Err(format!("another's was touched: {call}"));
        }
        let cut_off = env.network.versions_cut_off();
        if !cut_off.is_empty() {
            return Err(format!("disabled and still served: {cut_off:?}"));
        }
        if deletes && !self.is_restored {
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
        let tenant = &fixture.tenant;
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
            Happening::Locked if !tenant.is_locked() => drop(tenant.console().lock()),
            Happening::Unlocked => tenant.console().unlock(),
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
            Happening::Cached => {
                tenant.set_secret_cache(Duration::from_mins(random.u64(0..=10)));
            }
            Happening::LabelShared => {
                let rival = json!({
                    "name": "Rival-Integration", "secretLabelIdentifier": LABEL_IDENTIFIER,
                    "deletionPolicy": "Delete",
                });
                let rival = fixture.integration(&rival_of(fixture), rival);
                self.has_rival = true;
                env.namespace.apply(rival).await.unwrap();
            }
            Happening::Restored => self.restore(env, true).await,
            Happening::Rebuilt => self.restore(env, false).await,
            _ => {
                // An ESV without its mark that no status remembers is a stranger's, and so is an edited worker: nobody
                // can tell.
                let object = env.integration(fixture).await;
                let status = object
                    .map(|object| object.data["status"].clone())
                    .unwrap_or_default();
                self.esv_changes(happening, status["esv"].is_object());
                self.static_changes(happening, status["worker"]["origin"] == "Made");
            }
        }
    }

    /// What people and other clusters do to the ESV, if there is one.
    fn esv_changes(&self, happening: Happening, is_remembered: bool) {
        let (fixture, console) = (&self.fixture, self.fixture.tenant.console());
        let Some(esv) = fixture.tenant.secret(ESV) else {
            return;
        };
        match happening {
            Happening::VersionAdded => console.add_version(ESV, "somebody else's"),
            Happening::MarkEdited if is_remembered => {
                console.set_description(ESV, "edited by a person");
            }
            Happening::EsvGone => console.delete_secret(ESV),
            Happening::EsvMadeAgain if is_remembered => {
                console.delete_secret(ESV);
                console.create_secret(ESV, "made by hand", false, "another value");
            }
            Happening::EsvCopied if is_remembered => {
                let mark = esv.description.clone();
                console.delete_secret(ESV);
                console.create_secret(ESV, &mark, false, "another value");
            }
            Happening::TakenOver if is_remembered => {
                let theirs = fixture.credential();
                console.add_version(ESV, &theirs.jwt);
                let owner = esv.description.split(' ').nth(1).unwrap_or_default();
                let version = esv.versions.len() + 1;
                let mark = format!(
                    "pingone-aic-operator {owner} 5ca1ab1e-0000-4000-8000-000000000000 credential={} version={version}",
                    theirs.id
                );
                console.set_description(ESV, &mark);
            }
            _ => {}
        }
    }

    /// What people do to static configuration, which a lock forbids.
    fn static_changes(&self, happening: Happening, is_made: bool) {
        let (tenant, console) = (&self.fixture.tenant, self.fixture.tenant.console());
        let has_worker = tenant.workers(Realm::Alpha).contains_key(WORKER);
        let has_mapping = tenant.mappings(Realm::Alpha).contains_key(LABEL);
        if tenant.is_locked() {
            return;
        }
        match happening {
            Happening::WorkerGone if has_worker => console.delete_worker(Realm::Alpha, WORKER),
            Happening::WorkerEdited if has_worker && is_made => {
                console.edit_worker(Realm::Alpha, WORKER, "useCredential", false);
            }
            Happening::MappingGone if has_mapping => {
                console.delete_mapping(Realm::Alpha, LABEL);
            }
            Happening::MappedElsewhere if has_mapping => {
                console.put_mapping(Realm::Alpha, LABEL, "esv-another");
            }
            Happening::ServiceOff if has_worker => {
                console.set_worker_service(Realm::Alpha, false);
            }
            Happening::WorkerMadeAgain if has_worker && is_made => {
                console.delete_worker(Realm::Alpha, WORKER);
                let worker = json!({"useCredential": true, "credentialPurpose": "Another.Label"});
                console.put_worker(Realm::Alpha, WORKER, worker);
            }
            _ => {}
        }
    }

    /// The operator does not run while its cluster is lost.
    async fn restore(&mut self, env: &mut Env, with_status: bool) {
        let Some(backup) = env.integration(&self.fixture).await else {
            return;
        };
        self.is_restored = true;
        env.operator.kill();
        env.forget(&self.fixture).await;
        let spec = backup.data["spec"].clone();
        self.fixture.apply(&env.namespace, spec).await;
        if with_status {
            let status = json!({"status": backup.data["status"]});
            env.namespace
                .patch_status("AICIntegration", &self.fixture.name, &status)
                .await
                .unwrap();
        }
        env.operator.start().await.unwrap();
    }

    async fn let_rival_go(&self, env: &mut Env) -> Result<(), String> {
        if !self.has_rival {
            return Ok(());
        }
        let rival = rival_of(&self.fixture);
        env.namespace.delete("AICIntegration", &rival).await.unwrap();
        env.until_object("AICIntegration", &rival, |object| {
            object.map(|_| "the rival is still there".to_owned())
        })
        .await
        .map(drop)
    }

    /// People do what a refused object's message tells them to do.
    async fn let_people_help(&self, env: &Env) {
        let console = self.fixture.tenant.console();
        if self.fixture.tenant.secret(ESV).is_some() {
            console.set_description(ESV, "");
        }
        console.set_worker_service(Realm::Alpha, true);
        self.patch(env, json!({"adopt": true})).await;
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
