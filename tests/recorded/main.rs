//! Do the clients speak as live tenants were heard to? Every exchange of the recordings is played to the product's own
//! clients, over TLS: what they send is held against what was sent, what they read against what was answered.
//!
//! `AIC_RECORDINGS` names the folder, which is no part of this repository. Without it nothing is held, and the program
//! says so.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's failure is a panic that says where"
)]

mod assertion;
mod calls;
mod credentials;
mod difference;
mod exchange;
mod folder;
mod left_out;
mod meant;
mod play;
mod refusal;
mod schema;
mod server;
mod stage;
mod tally;
mod told;
mod wire;

use self::{
    exchange::Exchange,
    folder::{Folder, say},
    left_out::FACTS,
    play::{Made, Play},
    stage::Stage,
    tally::Tally,
};

#[tokio::test]
async fn the_clients_speak_as_was_recorded() {
    let Some(folder) = Folder::open("the clients are not held") else {
        return;
    };
    let stage = Stage::new().await;
    let mut tally = Tally::default();
    for exchange in folder.exchanges() {
        hold(&stage, &exchange, &mut tally).await;
    }
    say(&format!("{}\n{}", tally.table(), meant::reasons()));
    let wrong = tally.wrong();
    assert!(wrong.is_empty(), "what the recordings show to be wrong:\n{wrong}");
}

/// Plays one exchange to the client's own call. Where the clients make none, a refusal is played to the stack that all
/// of them stand on, and a success is left out.
async fn hold(stage: &Stage, exchange: &Exchange, tally: &mut Tally) {
    let endpoint = exchange.request.endpoint();
    let mut play = stage.play(exchange);
    let is_refusal = exchange
        .answer
        .as_ref()
        .is_some_and(|answer| !answer.is_success());
    let mut wrong = Vec::new();
    let (made, is_clients) = match calls::make(&endpoint, &mut play).await {
        Some(made) => (made, true),
        None if is_refusal => (calls::make_any(&mut play).await, false),
        None => return tally.left_out(&endpoint, exchange),
    };
    wrong.extend(misread(stage, &play, made, &endpoint, is_clients));
    if is_clients {
        let differences = play.differences().into_iter();
        let differences = differences.filter(|difference| !tally.is_meant(&endpoint, difference));
        wrong.extend(differences.map(|difference| format!("our request is another: {difference}")));
    }
    wrong.append(&mut play.wrong);
    tally.played(&endpoint, exchange, wrong);
}

/// What the client makes of the answer, and should not.
fn misread(stage: &Stage, play: &Play<'_>, made: Made, endpoint: &str, is_clients: bool) -> Vec<String> {
    let refusal = play
        .exchange
        .answer
        .as_ref()
        .filter(|answer| !answer.is_success());
    match (made, refusal) {
        (Ok(()), Some(_)) if !play.is_an_answer => vec!["the refusal is taken for success".to_owned()],
        (Ok(()), _) => vec![],
        (Err(refused), None) => vec![format!("the client cannot read the answer: {}", refused.message)],
        (Err(refused), Some(answer)) => {
            refusal::wrong(&refused, answer, endpoint, is_clients, &stage.secrets)
        }
    }
}

#[test]
fn every_file_is_read_or_holds_facts_alone() {
    let Some(folder) = Folder::open("the files are not counted") else {
        return;
    };
    let exchanges = folder.exchanges();
    for file in folder.names() {
        let holds_exchanges = exchanges.iter().any(|exchange| exchange.name.starts_with(file));
        let is_listed = FACTS.iter().any(|(name, _)| *name == file);
        assert!(
            holds_exchanges != is_listed,
            "{file} has exchanges: {holds_exchanges}; FACTS lists it: {is_listed}"
        );
    }
    for (file, _) in FACTS {
        assert!(
            folder.names().any(|name| name == *file),
            "FACTS lists {file}, which is not there"
        );
    }
}
