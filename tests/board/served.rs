//! The command that serves the board.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use crate::person::Person;

/// A board at work. It ends with this.
pub struct Served {
    child: Child,
    pub link: String,
    pub base: String,
}

impl Served {
    pub fn start(person: &Person, more: &[&str]) -> Self {
        let mut command = person.command(&[&["board"], more].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let link = first.split_whitespace().last().unwrap().to_owned();
        let (base, _) = link.split_once("/open/").unwrap();
        Self {
            child,
            base: base.to_owned(),
            link,
        }
    }

    /// The cookie of whoever opens the link first.
    pub async fn cookie(&self) -> String {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let answer = client.get(&self.link).send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
            "{cookie}"
        );
        cookie.split(';').next().unwrap().to_owned()
    }

    pub async fn status(&self, path: &str, headers: &[(&str, &str)]) -> u16 {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let mut request = client.get(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    }

    /// Of a path of the whole origin.
    pub async fn origin_status(&self, path: &str) -> u16 {
        let (origin, _) = self.base.rsplit_once('/').unwrap();
        reqwest::get(format!("{origin}{path}"))
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    pub async fn page(&self, path: &str, cookie: &str) -> String {
        let request = reqwest::Client::new().get(format!("{}{path}", self.base));
        request
            .header("cookie", cookie)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
