//! Does a promotion keep the law, whatever goes wrong at whichever of its calls? No lock is left behind, nothing is
//! promoted twice, and the run comes to its end.

mod leader;
mod stops;
mod stranger;

use std::{fmt, time::Duration};

use easy_ext::ext;
use kube::{Api, core::DynamicObject};
use pingone_aic_harness::TestNamespace;
use pingone_aic_simulator::{
    Exchange,
    tenant::{ConfigItem, Times},
};
use pingone_aic_support::{
    API_SERVER, Env,
    company::{Company, THREE},
};
use serde_json::json;

use self::stranger::Stranger;
use crate::{
    boundary::{Boundary, Scene},
    case::Cases,
    promotion::{leader::Leaders, stops::Stops},
    trouble::Trouble,
};

/// Shorter than a tenant's, so that a run is a few dozen calls.
const TIMES: Times = Times {
    lock: Duration::from_secs(20),
    dry_run: Duration::from_secs(20),
    promotion: Duration::from_secs(40),
    unlock: Duration::from_secs(20),
};
/// For so long a person keeps a lock and does nothing with it: longer than the time after which an idle lock may be ours.
const STRANGERS_STAY: Duration = Duration::from_mins(25);
/// After this, every access token is asked for anew.
const TOKENS_LAST: Duration = Duration::from_mins(15);

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

    /// The phases in which a run may end; none if it is gone.
    fn ends(self, trouble: Option<Trouble>) -> &'static [&'static str] {
        match (self, trouble) {
            (_, Some(trouble)) if trouble.deletes() => &[],
            // What was promoted, or rolled back, before it was stopped, is.
            (Self::Run, Some(Trouble::Aborted)) => &["Aborted", "Succeeded"],
            (Self::Rollback, Some(Trouble::Aborted)) => &["Aborted", "RolledBack"],
            (Self::Run, _) => &["Succeeded"],
            (Self::Rollback, _) => &["RolledBack"],
        }
    }
}

impl Scene for Started {
    fn generalize(&self, text: &str) -> String {
        text.replace(&format!("/{}/", self.namespace), "/{namespace}/")
            .replace(&format!("/{}/", self.name), "/{run}/")
            .replace(&format!("/{}?", self.name), "/{run}?")
            .replace(&format!("openam-{}-", self.company.name), "openam-{company}-")
            .replace(&format!("/aic-{}-", self.company.name), "/aic-{company}-")
    }

    fn specialize(&self, text: &str) -> String {
        text.replace("{namespace}", &self.namespace)
            .replace("{run}", &self.name)
            .replace("{company}", &self.company.name)
    }

    /// Its own object, the accounts of its tenants, and whatever these are asked: the integrations stand still, so that
    /// it is the run who asks. Left out are credentials, which connections read, too; and there is no Lease: the operator
    /// is alone here.
    fn concerns(&self, exchange: &Exchange) -> bool {
        let is_dry_run = exchange.query.iter().any(|(name, _)| name == "dryRun");
        let own = [
            format!("/promotions/{}", self.name),
            format!("/secrets/aic-{}-", self.company.name),
        ];
        let is_own = exchange.host == API_SERVER && own.iter().any(|own| exchange.path.contains(own));
        (is_own && !is_dry_run) || self.is_at_a_tenant(exchange)
    }
}

impl Started {
    fn is_at_a_tenant(&self, exchange: &Exchange) -> bool {
        exchange
            .host
            .starts_with(&format!("openam-{}-", self.company.name))
    }
}

#[ext(Promotions)]
pub(crate) impl Env {
    /// A company that is quick, and where nobody but a run asks a tenant anything. One whose run has ended well serves
    /// the next: another change is promoted.
    async fn hasty_company(&mut self, kind: Kind) -> Company {
        let idle = self.idle_company.take_if(|_| kind == Kind::Run);
        let company = match idle {
            Some(company) => company,
            None => self.new_company(kind).await,
        };
        // What a run asks for is not what happens to be left of the one before.
        self.advance(TOKENS_LAST).await;
        self.settle().await;
        company
    }

    async fn new_company(&mut self, kind: Kind) -> Company {
        let company = self.company(&THREE).await;
        company.group.set_times(TIMES);
        if kind == Kind::Rollback {
            // What it brings is wrong, and development does not see it.
            company.site("dev").spoil(&self.namespace).await;
        }
        let suspend = json!({"spec": {"suspend": true}});
        for site in &company.sites {
            self.namespace
                .patch("AICIntegration", &site.name, &suspend)
                .await
                .unwrap();
            self.until_object("AICIntegration", &site.name, |object| {
                (!stops::is_suspended(object.unwrap())).then(|| "it does not stand still".to_owned())
            })
            .await
            .unwrap();
        }
        company
    }

    /// A run in a company in which something waits to be promoted.
    async fn begin(&mut self, kind: Kind, company: Company) -> Started {
        self.runs += 1;
        let name = format!("run-{}", self.runs);
        let development = &company.site("dev").tenant;
        development
            .console()
            .put_item(ConfigItem::idm("Email > Templates", &name), "a change");
        let more = match kind {
            Kind::Run => json!({}),
            Kind::Rollback => json!({"upTo": "staging", "onFailure": "Rollback"}),
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
    async fn finish(
        &mut self,
        started: &Started,
        from: usize,
        trouble: Option<Trouble>,
    ) -> Result<(), String> {
        self.finish_but(started, from, trouble, None).await
    }

    /// The same, but that this lock was removed rightly.
    async fn finish_but(
        &mut self,
        started: &Started,
        from: usize,
        trouble: Option<Trouble>,
        removed: Option<&str>,
    ) -> Result<(), String> {
        let ends = started.kind.ends(trouble);
        self.until_object("Promotion", &started.name, |object| {
            let is_over = match object.map(|object| &object.data["status"]["phase"]) {
                None => ends.is_empty(),
                Some(phase) => ends.iter().any(|end| phase == end),
            };
            (!is_over).then(|| format!("it is none of {ends:?}, or not gone"))
        })
        .await?;
        let mark = format!("{}/{} ", started.namespace, started.name);
        let mut calls = self.network.journal_since(from);
        calls.retain(|call| !removed.is_some_and(|id| call.method == "DELETE" && call.path.ends_with(id)));
        let violation = started.company.violation(&calls, &mark);
        violation.map_or(Ok(()), Err)
    }

    /// A run that leads nowhere: each process looks at the definition for it, and not in the middle of a case.
    async fn apply_run_to_nowhere(&mut self) {
        let stage = |name| json!({"name": name, "integrations": [name]});
        let run = json!({
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "Promotion", "metadata": {"name": "nowhere"},
            "spec": {"order": [stage("below"), stage("above")], "upTo": "above", "suspend": true},
        });
        self.namespace.apply(run).await.unwrap();
        self.until_object("Promotion", "nowhere", |object| {
            (!stops::is_suspended(object.unwrap())).then(|| "it was not looked at".to_owned())
        })
        .await
        .unwrap();
    }

    /// What a run does when nothing goes wrong.
    async fn run_boundaries(&mut self, kind: Kind) -> Vec<Boundary> {
        let company = self.hasty_company(kind).await;
        let from = self.network.position();
        let started = self.begin(kind, company).await;
        self.finish(&started, from, None).await.unwrap();
        let boundaries = Boundary::with_news(&self.network.journal_since(from), &started);
        assert!(!boundaries.is_empty(), "a run makes calls");
        boundaries
    }

    async fn promote(&mut self, case: &Case) -> Result<(), String> {
        if case.trouble != Trouble::NamespaceDeleted {
            return self.promote_here(case).await;
        }
        // It goes with everything in it.
        let mortal = TestNamespace::create_in(
            self.namespace.control_plane(),
            "a namespace that goes during a run",
        )
        .await;
        let (home, company) = (
            std::mem::replace(&mut self.namespace, mortal),
            self.idle_company.take(),
        );
        let result = self.promote_here(case).await;
        (self.namespace, self.idle_company) = (home, company);
        result
    }

    async fn promote_here(&mut self, case: &Case) -> Result<(), String> {
        // The rule stands before the run begins: the scene is known before its object is there.
        let company = self.hasty_company(case.kind).await;
        let from = self.network.position();
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
        let started = self.begin(case.kind, scene.company).await;
        let result = if case.trouble.deposes() {
            self.suffer_succession(case, &started, from).await
        } else {
            self.suffer(case, &started, from).await
        };
        rule.remove();
        if case.trouble != Trouble::NamespaceDeleted && result.is_ok() {
            self.dismiss(started).await;
        }
        result
    }

    /// Lets the trouble come, and waits for the end.
    async fn suffer(&mut self, case: &Case, started: &Started, from: usize) -> Result<(), String> {
        let processed = case.trouble.is_processed();
        self.met(from, processed, &case.boundary).await?;
        if case.trouble.is_strangers() {
            self.operator.kill();
            let stranger = Stranger::take_over(&started.company);
            self.restart().await;
            self.pass_time(STRANGERS_STAY).await;
            if let Some(stranger) = stranger {
                // The one exception: our request was lost a moment before they locked, and they did nothing.
                let is_exception = case.boundary.asks_for_lock();
                let lost = stranger.leave(is_exception)?;
                self.pass_time(2 * TIMES.unlock).await;
                return self
                    .finish_but(started, from, Some(case.trouble), lost.as_deref())
                    .await;
            }
        } else if case.trouble.kills() {
            self.restart().await;
        }
        match case.trouble {
            Trouble::ApiServerAway => self.take_api_server_away().await,
            Trouble::Deleted => {
                let _ = self.namespace.delete("Promotion", &started.name).await;
            }
            Trouble::NamespaceDeleted => self.delete_namespace(&started.name).await,
            Trouble::Aborted => return self.abort(started, from).await,
            Trouble::Suspended => self.pause(started).await?,
            _ => {}
        }
        self.finish(started, from, Some(case.trouble)).await
    }

    /// The same, where the leader changes.
    async fn suffer_succession(&mut self, case: &Case, started: &Started, from: usize) -> Result<(), String> {
        self.met(from, case.trouble.is_processed(), &case.boundary)
            .await?;
        let deposed = self.change_leader(case.trouble).await?;
        let result = self.finish(started, from, None).await;
        self.stand_by(deposed).await;
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

    /// Every change of a leader at the calls of a run.
    pub fn of_leaders(kind: Kind, boundaries: &[Boundary]) -> Vec<Self> {
        let troubles = |boundary: &Boundary| Trouble::of_a_leader(boundary);
        let cases = boundaries.iter().flat_map(|boundary| {
            troubles(boundary).into_iter().map(move |trouble| Self {
                kind,
                boundary: boundary.clone(),
                trouble,
            })
        });
        cases.collect()
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
