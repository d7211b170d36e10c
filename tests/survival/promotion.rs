//! Does a promotion keep the law, whatever goes wrong at whichever of its calls? No lock is left behind, nothing is
//! promoted twice, and the run comes to its end.

use std::{fmt, time::Duration};

use kube::{Api, core::DynamicObject};
use pingone_aic_harness::TestNamespace;
use pingone_aic_simulator::{
    Exchange,
    tenant::{ConfigItem, Times},
};
use serde_json::{Value, json};

use crate::{
    arena::{
        API_SERVER, Arena,
        company::{Company, THREE},
    },
    boundary::{Boundary, Scene},
    trouble::Trouble,
};

/// Shorter than a tenant's, so that a run is a few dozen calls.
const TIMES: Times = Times {
    lock: Duration::from_secs(20),
    dry_run: Duration::from_secs(20),
    promotion: Duration::from_secs(40),
    unlock: Duration::from_secs(20),
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Through two stages.
    Run,
    /// Into one stage, whose configuration is at fault, and back.
    Rollback,
}

/// One run of a company's.
pub struct Started {
    namespace: String,
    company: Company,
    name: String,
    kind: Kind,
}

#[derive(Clone)]
pub struct Case {
    pub kind: Kind,
    pub boundary: Boundary,
    pub trouble: Trouble,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Run, Self::Rollback];
}

impl Scene for Started {
    fn generalize(&self, text: &str) -> String {
        text.replace(&format!("/{}/", self.namespace), "/{namespace}/")
            .replace(&format!("/{}/", self.name), "/{run}/")
            .replace(&format!("/{}?", self.name), "/{run}?")
            .replace(&format!("openam-{}-", self.company.name), "openam-{company}-")
    }

    fn specialize(&self, text: &str) -> String {
        text.replace("{namespace}", &self.namespace)
            .replace("{run}", &self.name)
            .replace("{company}", &self.company.name)
    }

    /// Its own object, promotions, and tests of the tenants above. What its integrations do by themselves is not.
    fn concerns(&self, exchange: &Exchange) -> bool {
        let is_dry_run = exchange.query.iter().any(|(name, _)| name == "dryRun");
        let is_object =
            exchange.host == API_SERVER && exchange.path.contains(&format!("/promotions/{}", self.name));
        let is_tenant = exchange
            .host
            .starts_with(&format!("openam-{}-", self.company.name));
        // Integrations ask for their own environment's lock.
        let is_of_both = exchange.path.contains("/environment/promotion/") && exchange.query.is_empty();
        (is_object && !is_dry_run) || (is_tenant && is_of_both)
    }
}

impl Arena {
    /// A company that is quick. One whose run has ended well serves the next: another change is promoted.
    async fn hasty_company(&mut self, kind: Kind) -> Company {
        if kind == Kind::Run
            && let Some(company) = self.idle_company.take()
        {
            return company;
        }
        let company = self.company(&THREE).await;
        company.group.set_times(TIMES);
        company
    }

    /// A company in which something waits to be promoted, and a run that begins.
    async fn begin(&mut self, kind: Kind, company: Option<Company>) -> Started {
        let company = if let Some(company) = company {
            company
        } else {
            self.hasty_company(kind).await
        };
        self.runs += 1;
        let name = format!("run-{}", self.runs);
        let development = &company.site("dev").tenant;
        development
            .console()
            .put_item(ConfigItem::idm("Email > Templates", &name), "a change");
        let more = match kind {
            Kind::Run => json!({}),
            Kind::Rollback => {
                // What it brings is wrong, and development does not see it.
                company.site("dev").spoil(&self.namespace).await;
                json!({"upTo": "staging", "onFailure": "Rollback"})
            }
        };
        let started = Started {
            namespace: self.namespace.name().to_owned(),
            company,
            name,
            kind,
        };
        let promotion = started.company.promotion(&started.name, more);
        self.namespace.apply(promotion).await.unwrap();
        started
    }

    /// Waits until the run is over, and looks whether the law was kept.
    async fn finish(&mut self, started: &Started, from: usize, is_deleted: bool) -> Result<(), String> {
        let wanted = match started.kind {
            Kind::Run => "Succeeded",
            Kind::Rollback => "RolledBack",
        };
        self.until_object("Promotion", &started.name, |object| {
            let phase = object.map(|object| object.data["status"]["phase"].clone());
            match (phase, is_deleted) {
                (None, true) => None,
                (Some(Value::String(phase)), false) if phase == wanted => None,
                _ => Some(format!("it is not {wanted}, or not gone")),
            }
        })
        .await?;
        if let Some(stranded) = started.company.stranded() {
            return Err(stranded);
        }
        for site in &started.company.sites {
            let begun = |what: &str| {
                let calls = self.network.journal_since(from);
                let begun = calls.iter().filter(|call| {
                    call.host == site.tenant.host()
                        && call.path.ends_with(what)
                        && call.method == "POST"
                        && call.request["dryRun"] != true
                        && call.status == Some(202)
                });
                begun.count()
            };
            let (promoted, rolled_back) = (begun("/promotion/promote"), begun("/promotion/rollback"));
            if promoted > 1 || rolled_back > 1 {
                return Err(format!(
                    "{}: promoted {promoted} times, rolled back {rolled_back} times",
                    site.stage
                ));
            }
        }
        Ok(())
    }

    /// What a run does when nothing goes wrong.
    pub async fn run_boundaries(&mut self, kind: Kind) -> Vec<Boundary> {
        let from = self.network.position();
        let started = self.begin(kind, None).await;
        self.finish(&started, from, false).await.unwrap();
        let boundaries = Boundary::with_news(&self.network.journal_since(from), &started);
        assert!(!boundaries.is_empty(), "a run makes calls");
        boundaries
    }

    pub async fn promote(&mut self, case: &Case) -> Result<(), String> {
        if case.trouble != Trouble::NamespaceDeleted {
            return self.promote_here(case).await;
        }
        // It goes with everything in it.
        let mortal = TestNamespace::create("a namespace that goes during a run").await;
        let (home, company) = (
            std::mem::replace(&mut self.namespace, mortal),
            self.idle_company.take(),
        );
        let result = self.promote_here(case).await;
        (self.namespace, self.idle_company) = (home, company);
        result
    }

    async fn promote_here(&mut self, case: &Case) -> Result<(), String> {
        let from = self.network.position();
        // The rule stands before the run begins: the scene is known before its object is there.
        let company = self.hasty_company(case.kind).await;
        let name = format!("run-{}", self.runs + 1);
        let scene = Started {
            namespace: self.namespace.name().to_owned(),
            company,
            name,
            kind: case.kind,
        };
        let rule = self
            .network
            .fault(case.boundary.rule(&scene), case.trouble.fault());
        let started = self.begin(case.kind, Some(scene.company)).await;
        let processed = case.trouble.is_processed();
        self.met(from, processed, &case.boundary).await?;
        if case.trouble.kills() {
            self.restart().await;
        }
        match case.trouble {
            Trouble::ApiServerAway => self.take_api_server_away().await,
            Trouble::Deleted => {
                let _ = self.namespace.delete("Promotion", &started.name).await;
            }
            Trouble::NamespaceDeleted => self.delete_namespace(&started.name).await,
            _ => {}
        }
        let result = self.finish(&started, from, case.trouble.deletes()).await;
        rule.remove();
        if case.trouble != Trouble::NamespaceDeleted && result.is_ok() {
            self.dismiss(started).await;
        }
        result
    }

    /// Removes what is not looked at any more, so that later cases do not wait for it.
    async fn dismiss(&mut self, started: Started) {
        // It may be gone already.
        let _ = self.namespace.delete("Promotion", &started.name).await;
        if started.kind == Kind::Run {
            self.idle_company = Some(started.company);
            return;
        }
        for site in &started.company.sites {
            for kind in ["AICIntegration", "PingOneConnection"] {
                self.namespace.delete(kind, &site.name).await.unwrap();
            }
        }
    }

    /// Deletes the namespace, and waits until that has come to the run: by a clock that is not moved.
    async fn delete_namespace(&self, run: &str) {
        let delete = ["delete", "namespace", self.namespace.name(), "--wait=false"];
        self.namespace.control_plane().kubectl(&delete).await.unwrap();
        let api: Api<DynamicObject> = self.namespace.api("Promotion");
        let is_going = |object: Option<DynamicObject>| {
            object.is_none_or(|object| object.metadata.deletion_timestamp.is_some())
        };
        while !is_going(api.get_opt(run).await.unwrap()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Case {
    /// Everything that can go wrong at the calls of a run.
    pub fn all(kind: Kind, boundaries: &[Boundary]) -> Vec<Self> {
        let mut cases = Vec::new();
        for boundary in boundaries {
            for trouble in Trouble::of_a_run(boundary) {
                cases.push(Self {
                    kind,
                    boundary: boundary.clone(),
                    trouble,
                });
            }
        }
        cases
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            boundary,
            trouble,
        } = self;
        write!(formatter, "{kind:?}, {trouble} at {boundary}")
    }
}
