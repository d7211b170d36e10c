//! The network: what a test holds in its hands.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::clock::Clock;
use crate::fault::{Fault, FaultHandle, Faults, Rule};
use crate::journal::{Exchange, Journal};
use crate::markers::Markers;
use crate::openapi::{OpenApi, Violation};
use crate::outage::{Outage, Outages};
use crate::pingone::{CredentialKind, PingOne, Region, World};
use crate::proxy;
use crate::relay::Relay;
use crate::service::Site;
use crate::tenant::{Group, Mutability, Tenant};
use crate::tls::CertificateAuthority;

/// A simulated internet that holds `PingOne` and AIC tenants, reached through one CONNECT proxy on loopback.
///
/// Clones are the same network; it ends, with all its connections, when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Network {
    shared: Arc<Shared>,
    address: SocketAddr,
    _proxy: Arc<Running>,
}

/// Ends the proxy when dropped.
#[derive(Debug)]
struct Running(AbortHandle);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Network {
    /// Starts an empty network, on the current Tokio runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared::new());
        let proxy = tokio::spawn(proxy::run(listener, Arc::clone(&shared))).abort_handle();
        Self {
            shared,
            address,
            _proxy: Arc::new(Running(proxy)),
        }
    }

    /// What `HTTPS_PROXY` has to be.
    #[must_use]
    pub fn proxy_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The certificate authority that signs every host here, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> String {
        self.shared.authority.pem().to_owned()
    }

    /// The network's time.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.shared.world.clock().clone()
    }

    /// `PingOne` in this region; its hosts answer from now on.
    #[must_use]
    pub fn pingone(&self, region: Region) -> PingOne {
        let pingone = PingOne::new(Arc::clone(&self.shared.world), region);
        let mut sites = self.shared.sites();
        sites.insert(region.api_host(), Site::PingOneApi(pingone.clone()));
        sites.insert(region.auth_host(), Site::PingOneAuth(pingone.clone()));
        pingone
    }

    /// Sets the kind of credential that connections add from now on where a test names none. At first it is the
    /// gateway's, or what [`CredentialKind::VARIABLE`] says.
    pub fn set_default_credential(&self, kind: CredentialKind) {
        self.shared.world.set_default_credential(kind);
    }

    /// Adds an AIC tenant environment at this host (with a port only if it is not 443).
    ///
    /// # Panics
    /// If the host is taken.
    #[must_use]
    pub fn tenant(&self, host: &str, mutability: Mutability) -> Tenant {
        let tenant = Tenant::new(host, mutability, Arc::clone(&self.shared.world));
        let taken = self
            .shared
            .sites()
            .insert(host.to_owned(), Site::Tenant(tenant.clone()));
        assert!(taken.is_none(), "there is already a site at {host}");
        tenant
    }

    /// Puts the real server at this `host:port` behind a host of this network: it proves itself by this authority
    /// (PEM), and the program under test sees the network's.
    ///
    /// # Panics
    /// If the host is taken.
    pub fn relay(&self, host: &str, address: &str, ca_pem: &str) {
        let relay = Relay::new(address, ca_pem);
        let taken = self.shared.sites().insert(host.to_owned(), Site::Relay(relay));
        assert!(taken.is_none(), "there is already a site at {host}");
    }

    /// Cuts all connections to a host, and refuses new ones until what is returned is dropped.
    #[must_use]
    pub fn outage(&self, host: &str) -> Outage {
        self.shared.outages.begin(host)
    }

    /// How many requests are being processed, but for those that a fault never answers.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::SeqCst)
    }

    /// How many requests to a real server a fault never answers. Who waits for one of these does so by everybody's clock.
    #[must_use]
    pub fn hanging(&self) -> usize {
        self.shared.hanging.load(Ordering::SeqCst)
    }

    /// Changes with every request to a real server that may write: when it arrives, and when it has been answered.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.shared.writes.load(Ordering::SeqCst)
    }

    /// Puts tenants into one promotion group, the lowest first: it is mutable, and the others are not.
    ///
    /// # Panics
    /// If the order is impossible, or a tenant is in a group already.
    #[allow(clippy::must_use_candidate, reason = "a group is one without its handle")]
    pub fn group(&self, order: &[&Tenant]) -> Group {
        Group::form(order)
    }

    /// Puts a fault into force. Rules are tried in the order in which they were added.
    #[allow(
        clippy::must_use_candidate,
        reason = "a rule stays in force without its handle"
    )]
    pub fn fault(&self, rule: Rule, fault: Fault) -> FaultHandle {
        self.shared.faults.add(rule, fault)
    }

    /// Every CONNECT that was attempted, as `host:port`, whether or not the host exists.
    #[must_use]
    pub fn connects(&self) -> Vec<String> {
        self.shared
            .connects
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Every exchange so far, in order of arrival.
    #[must_use]
    pub fn journal(&self) -> Vec<Exchange> {
        self.journal_since(0)
    }

    /// The sequence number of the next exchange.
    #[must_use]
    pub fn position(&self) -> usize {
        self.shared.journal.position()
    }

    /// The exchanges from this sequence number on.
    #[must_use]
    pub fn journal_since(&self, sequence: usize) -> Vec<Exchange> {
        self.shared.journal.since(sequence)
    }

    /// Waits until the journal has such an exchange, past ones included; `None` after the timeout.
    ///
    /// An exchange is looked at when it arrives, with no status yet, and again when it is answered.
    pub async fn wait_for(
        &self,
        timeout: Duration,
        wanted: impl FnMut(&Exchange) -> bool,
    ) -> Option<Exchange> {
        self.shared.journal.wait_for(timeout, wanted).await
    }

    /// Every secret that was handed out or received here: client secrets, credentials and their signatures,
    /// tokens, assertions, private members of keys. None may appear anywhere a person can look.
    #[must_use]
    pub fn secret_markers(&self) -> Vec<String> {
        self.shared.world.markers().all()
    }

    /// Where requests or answers on `/environment/*` departed from the description that `AIC_OPENAPI` names;
    /// empty if it names none.
    #[must_use]
    pub fn openapi_violations(&self) -> Vec<Violation> {
        self.shared.openapi.violations()
    }

    /// ESV versions that were disabled while their tenant still worked with them, and not with the same content.
    #[must_use]
    pub fn versions_cut_off(&self) -> Vec<String> {
        self.shared.world.cut_off().clone()
    }

    /// The calls that have changed or removed what a person had made in a tenant's console, and had not handed over.
    #[must_use]
    pub fn touched_of_people(&self) -> Vec<String> {
        self.shared.world.peoples_things().touched(&self.journal())
    }

    /// Mints a JWT over any header and claims, signed like a credential of `PingOne`.
    #[must_use]
    pub fn forge_credential(&self, header: &serde_json::Value, claims: &serde_json::Value) -> String {
        self.shared.world.sign(header, claims)
    }
}

/// What the proxy, the sites and the test's handle share.
#[derive(Debug)]
pub(crate) struct Shared {
    authority: CertificateAuthority,
    sites: Mutex<HashMap<String, Site>>,
    world: Arc<World>,
    faults: Faults,
    journal: Journal,
    connects: Mutex<Vec<String>>,
    openapi: OpenApi,
    outages: Outages,
    in_flight: Arc<AtomicUsize>,
    hanging: Arc<AtomicUsize>,
    writes: Arc<AtomicUsize>,
}

/// A write that is counted when this is made, and again when it is dropped.
#[derive(Debug)]
pub(crate) struct Write(Arc<AtomicUsize>);

impl Write {
    fn count(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(counter))
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A request that is counted as long as this is there.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    fn count(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(counter))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    fn new() -> Self {
        Self {
            authority: CertificateAuthority::generate(),
            sites: Mutex::default(),
            world: Arc::new(World::new(Clock::default(), Markers::default())),
            faults: Faults::default(),
            journal: Journal::default(),
            connects: Mutex::default(),
            openapi: OpenApi::from_env(),
            outages: Outages::default(),
            in_flight: Arc::default(),
            hanging: Arc::default(),
            writes: Arc::default(),
        }
    }

    pub(crate) fn authority(&self) -> &CertificateAuthority {
        &self.authority
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn openapi(&self) -> &OpenApi {
        &self.openapi
    }

    pub(crate) fn outages(&self) -> &Outages {
        &self.outages
    }

    pub(crate) fn in_flight(&self) -> InFlight {
        InFlight::count(&self.in_flight)
    }

    pub(crate) fn hanging(&self) -> InFlight {
        InFlight::count(&self.hanging)
    }

    pub(crate) fn write(&self) -> Write {
        Write::count(&self.writes)
    }

    pub(crate) fn site(&self, host: &str) -> Option<Site> {
        self.sites().get(host).cloned()
    }

    pub(crate) fn record_connect(&self, authority: String) {
        self.connects
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(authority);
    }

    fn sites(&self) -> std::sync::MutexGuard<'_, HashMap<String, Site>> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
