//! The realm's PingOne worker service. The operator creates a missing one, and leaves one that somebody disabled.
//! I/O.

use super::record::{made, missing};
use crate::{
    aic::Service,
    api::{Origin, Reason, conditions::ACTIVE},
    controller::{
        engine::requeue::Flow,
        integration::{
            dereference::Inputs,
            lock::{check_unlocked, is_not_done, written},
            pass::Pass,
        },
        tenant::ownership::{Owner, of_service},
    },
};

pub(super) async fn enable_service(pass: &mut Pass<'_>, inputs: &Inputs) -> Flow<()> {
    let memory = pass.status.service.as_ref().map(|service| service.origin);
    let is_shared = memory != Some(Origin::Making) && !pass.is_requested();
    if is_shared && inputs.tenant.has_seen_service_enabled(inputs.realm) {
        return Ok(());
    }
    let service = pass.tried(inputs.tenant.worker_service(inputs.realm).await)?;
    let origin = match of_service(service.as_ref(), memory) {
        Owner::Good if memory == Some(Origin::Making) => {
            pass.status.service = made(Origin::Made);
            return Ok(());
        }
        Owner::Good => return Ok(()),
        Owner::Drifted(what) => {
            pass.drifted(ACTIVE, &what)?;
            memory.unwrap_or(Origin::Made)
        }
        Owner::Nobodys => Origin::Made,
        // Adoption happens once: an object with a worker adopts nothing more.
        Owner::Anothers(_)
            if pass.object.spec.adopt
                && pass.status.worker.is_none()
                && matches!(memory, None | Some(Origin::Making)) =>
        {
            Origin::Adopted
        }
        Owner::Anothers(what) => {
            let message = format!(
                "the PingOne worker service of realm {} {what}: enable it in the tenant's console, or set spec.adopt to true on a new object",
                inputs.realm.as_str()
            );
            return Err(missing(pass, Reason::WorkerServiceDisabled, &message));
        }
    };
    check_unlocked(pass, &inputs.tenant).await?;
    let before = pass.status.service.clone();
    if memory.is_none() {
        pass.status.service = made(Origin::Making);
        pass.record().await?;
    }
    let service = Service::enabled(service);
    let result = inputs.tenant.put_worker_service(inputs.realm, service).await;
    if is_not_done(&result) {
        pass.status.service = before;
    }
    written(pass, &inputs.tenant, result).await?;
    pass.status.service = made(origin);
    Ok(())
}
