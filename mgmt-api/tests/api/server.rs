//! The listening socket.

use crate::fixture::Api;
use mgmt_api::Server;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_taken_address_is_named_with_its_setting() {
    let first = Server::bind("127.0.0.1:0".parse().unwrap(), "http.address")
        .await
        .unwrap();
    let error = Server::bind(first.address(), "http.address")
        .await
        .err()
        .unwrap();
    let text = error.to_string();
    assert!(text.contains(&first.address().to_string()), "{text}");
    assert!(text.contains("http.address"), "{text}");
}

#[tokio::test]
async fn a_stop_ends_streams_and_the_server() {
    let api = Api::start().await;
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), "http.address")
        .await
        .unwrap();
    let address = server.address();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run(api.state.clone(), async move {
        let _ = stopped.await;
    }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        api.key
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut start = [0; 15];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    let begun = Instant::now();
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "the stream did not hold it up"
    );
    assert!(TcpStream::connect(address).await.is_err());
}
