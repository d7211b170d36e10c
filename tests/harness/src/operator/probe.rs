//! A kubelet's HTTP probe.

use anyhow::{Context as _, Result};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A path at an address.
pub(super) struct Probe {
    pub(super) address: SocketAddr,
    pub(super) path: String,
}

impl Probe {
    /// Another path at the same address.
    pub(super) fn at(&self, path: &str) -> Self {
        Self {
            address: self.address,
            path: path.to_owned(),
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// The answer's status and body.
    pub(super) async fn ask(&self) -> Result<(u16, String)> {
        timeout(PATIENCE, self.get())
            .await
            .with_context(|| format!("no answer in {PATIENCE:?}"))?
    }

    /// HTTP/1.0, so that the answer comes in one piece and ends with the connection.
    async fn get(&self) -> Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.address).await?;
        let request = format!("GET {} HTTP/1.0\r\nHost: {}\r\n\r\n", self.path, self.address);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (head, body) = answer
            .split_once("\r\n\r\n")
            .context("the answer has no end of headers")?;
        let status = head.split(' ').nth(1).context("the answer has no status")?;
        Ok((status.parse()?, body.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn status_and_body_are_read_from_the_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let probe = Probe {
            address: listener.local_addr().unwrap(),
            path: "/livez".to_owned(),
        };
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 1024];
            let length = stream.read(&mut request).await.unwrap();
            let answer = "HTTP/1.0 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nCRDs";
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request[..length].to_vec()).unwrap()
        };
        let ready = probe.at("/readyz");
        let (answer, request) = tokio::join!(ready.ask(), serve);
        assert_eq!(answer.unwrap(), (503, "CRDs".to_owned()));
        assert!(request.starts_with("GET /readyz HTTP/1.0\r\n"), "{request}");
    }
}
