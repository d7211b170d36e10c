//! Removes from the tenant what the object created there, and nothing else.

use std::sync::Arc;

use kube::ResourceExt;

use super::{
    conflicts,
    dereference::{read_account, without_account},
    esv,
    lock::{self, check_unlocked, written},
    pass::Pass,
    usage,
};
use crate::{
    aic::{Esv, OwnerMark, Tenant},
    api::{Origin, Realm},
    controller::{
        engine::{requeue::Flow, secret::Unread},
        tenant::{names::Names, ownership::is_remembered, service_account::NoAccount},
    },
};

/// What stays in the tenant, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) what: String,
    pub(super) why: String,
}

/// Removes mapping, worker and ESV. Returns what stays.
pub(super) async fn run(pass: &mut Pass<'_>) -> Flow<Option<Left>> {
    let Some(names) = Names::of(&pass.object) else {
        // Without a name it has created nothing in the tenant.
        return Ok(None);
    };
    let everything = format!(
        "what there is of mapping, worker {} in realm {} and ESV {}",
        names.worker,
        names.realm.as_str(),
        names.esv
    );
    let left = |why: String| {
        Ok(Some(Left {
            what: everything,
            why,
        }))
    };
    let has_made = pass.status.esv.as_ref().is_some_and(|esv| esv.version.is_some());
    if let Some((keeper, _)) = conflicts::keeper(pass, &names) {
        return if has_made {
            left(format!("AICIntegration {keeper} claims a part of it"))
        } else {
            Ok(None)
        };
    }
    if names.realm == Realm::Unknown {
        return left("spec.realm is not known to this version of the operator".to_owned());
    }
    if let Err(error) = pass.context.aic.check_allowed(&names.host) {
        return left(error.to_string());
    }
    let account = match read_account(pass).await {
        Ok(account) => account,
        // When a namespace is deleted, its Roles go first.
        Err(error @ NoAccount::Unread(Unread::Refused(..) | Unread::Unreadable(_))) => {
            return Err(without_account(pass, error));
        }
        Err(error) => return left(error.message()),
    };
    let tenant = pass
        .context
        .aic
        .tenant(names.host.clone(), Arc::new(account))
        .with_priority(pass.priority)
        .guarded(pass.context.leads());
    match possession(pass, &tenant, &names).await? {
        Possession::Ours => {}
        Possession::Anothers if has_made => {
            return left("the ESV has another object's mark".to_owned());
        }
        Possession::Anothers => return Ok(None),
        Possession::MadeAgain => {
            return left(format!("of ESV {}, {MADE_AGAIN}", names.esv));
        }
        // The end of a disaster drill must not remove what is in use.
        Possession::TakenOver => {
            return left("it was taken over from an object of this name that may still be there".to_owned());
        }
    }
    let mut worker = None;
    if pass.object.spec.tenant.environment.is_mutable() {
        remove_mapping(pass, &tenant, &names).await?;
        worker = remove_worker(pass, &tenant, &names).await?;
    }
    let esv = remove_esv(pass, &tenant, &names).await?;
    Ok(match (worker, esv) {
        (Some(worker), Some(esv)) => Some(Left {
            what: format!("{} and {}", worker.what, esv.what),
            why: format!("{}; {}", worker.why, esv.why),
        }),
        (one, other) => one.or(other),
    })
}

/// Somebody may have created the ESV again, or written to it.
const MADE_AGAIN: &str = "the newest version is not known to be the operator's";

enum Possession {
    Ours,
    Anothers,
    TakenOver,
    MadeAgain,
}

/// Whose the ESV is. If it is gone: whether this object remembers it.
async fn possession(pass: &mut Pass<'_>, tenant: &Tenant, names: &Names) -> Flow<Possession> {
    let esv = lock::esv(pass, tenant, || tenant.esv(&names.esv)).await?;
    let memory = pass.status.esv.as_ref();
    let is_ours = match &esv {
        Some(esv) => esv::is_ours(pass, esv),
        None => memory.is_some_and(|memory| memory.version.is_some()),
    };
    if let Some(esv) = &esv
        && is_ours
        && is_made_again(pass, tenant, names, esv).await?
    {
        return Ok(Possession::MadeAgain);
    }
    let memory = pass.status.esv.as_ref();
    let uid = pass.object.uid();
    let marked_by = esv
        .and_then(|esv| OwnerMark::read(&esv.description))
        .map(|mark| mark.uid);
    let written_by = memory.and_then(|memory| memory.owner_uid.clone());
    let is_of_another_uid = [marked_by, written_by]
        .iter()
        .flatten()
        .any(|other| Some(other) != uid.as_ref());
    let taken_over = memory.and_then(|memory| memory.origin) == Some(Origin::TakenOver);
    Ok(match is_ours {
        false => Possession::Anothers,
        true if taken_over || is_of_another_uid => Possession::TakenOver,
        true => Possession::Ours,
    })
}

/// Whether an ESV without a mark is not shown to hold the version that the operator wrote last.
async fn is_made_again(pass: &mut Pass<'_>, tenant: &Tenant, names: &Names, esv: &Esv) -> Flow<bool> {
    if OwnerMark::read(&esv.description).is_some() {
        return Ok(false);
    }
    let versions = lock::esv(pass, tenant, || tenant.esv_versions(&names.esv)).await?;
    let memory = pass.status.esv.clone().unwrap_or_default();
    let newest = versions
        .iter()
        .find(|version| version.version == esv.active_version);
    let is_ours = memory.version.as_ref() == Some(&esv.active_version)
        && memory.create_date.is_some()
        && newest.is_some_and(|newest| is_remembered(&memory, newest));
    Ok(!is_ours)
}

async fn remove_mapping(pass: &mut Pass<'_>, tenant: &Tenant, names: &Names) -> Flow<()> {
    let mapping = pass.tried(tenant.mapping(names.realm, &names.label).await)?;
    // A mapping to another ESV is not this object's.
    if mapping.is_some_and(|mapping| mapping.leads_to(&names.esv)) {
        check_unlocked(pass, tenant).await?;
        let result = tenant.delete_mapping(names.realm, &names.label).await;
        written(pass, tenant, result).await?;
    }
    Ok(())
}

async fn remove_worker(pass: &mut Pass<'_>, tenant: &Tenant, names: &Names) -> Flow<Option<Left>> {
    let Some(worker) = pass.tried(tenant.worker(names.realm, &names.worker).await)? else {
        return Ok(None);
    };
    let attribute = pass.tried(tenant.label_attribute(names.realm).await)?;
    let label = attribute.as_ref().and_then(|attribute| worker.label(attribute));
    let has_our_label = label == Some(names.label.as_str());
    let memory = pass.status.worker.as_ref();
    let origin = memory.and_then(|worker| worker.origin);
    if !matches!(origin, Some(Origin::Making | Origin::Made | Origin::Adopted)) {
        let left = Left {
            what: format!("worker {}", names.worker),
            why: "this object did not create it, as far as its status tells".to_owned(),
        };
        return Ok((memory.is_some() || has_our_label).then_some(left));
    }
    if !has_our_label {
        return Ok(Some(Left {
            what: format!("worker {}", names.worker),
            why: "somebody has given it another credential label".to_owned(),
        }));
    }
    check_unlocked(pass, tenant).await?;
    let result = tenant.delete_worker(names.realm, &names.worker).await;
    written(pass, tenant, result).await?;
    Ok(None)
}

async fn remove_esv(pass: &mut Pass<'_>, tenant: &Tenant, names: &Names) -> Flow<Option<Left>> {
    let labels = pass.tried(usage::labels(tenant, &names.esv).await)?;
    if labels.is_empty() {
        // Somebody may have made it again since it was read first.
        if !matches!(possession(pass, tenant, names).await?, Possession::Ours) {
            return Ok(Some(Left {
                what: format!("ESV {}", names.esv),
                why: MADE_AGAIN.to_owned(),
            }));
        }
        lock::esv(pass, tenant, || tenant.delete_esv(&names.esv)).await?;
        return Ok(None);
    }
    let labels: Vec<_> = labels.iter().map(ToString::to_string).collect();
    let mut what = format!("ESV {}", names.esv);
    let mut why = format!("it is mapped to {}", labels.join(", "));
    if !pass.object.spec.tenant.environment.is_mutable() {
        what = format!("worker {}, its mapping and {what}", names.worker);
        why += ", and static configuration of this environment changes only by promotion";
    }
    Ok(Some(Left { what, why }))
}
