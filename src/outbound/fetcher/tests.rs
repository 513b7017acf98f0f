//! Against real servers on loopback.

mod tls;

use super::*;
use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server that answers one request with these bytes and gives the request's head.
async fn serve(answer: Vec<u8>) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        // The client may have heard enough before all is written.
        let _ = stream.write_all(&answer).await;
        head
    });
    (port, served)
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn trusted(port: u16) -> Fetcher {
    Fetcher::trusted(&format!("http://127.0.0.1:{port}/api/v1/")).unwrap()
}

/// Asks a server that must be on the open internet.
async fn ask(url: &str, is_dev: bool) -> Result<Bytes, FetchError> {
    Fetcher::public(url, is_dev)?.get(url).await
}

/// Fetches from a server that gives this answer.
async fn fetch(answer: Vec<u8>) -> Result<Bytes, FetchError> {
    let (port, _served) = serve(answer).await;
    trusted(port).get(&format!("http://127.0.0.1:{port}/")).await
}

#[tokio::test]
async fn a_document_of_the_trusted_server_is_fetched() {
    let (port, served) = serve(answer("200 OK", "content-length: 5\r\n", b"hello")).await;
    let fetcher = trusted(port);
    let url = fetcher
        .under(&["agents", "profile"], &[("name", "a&b/../ü")])
        .unwrap();
    assert_eq!(&*fetcher.get(&url).await.unwrap(), b"hello");
    let head = served.await.unwrap().to_lowercase();
    let first = head.lines().next().unwrap();
    assert_eq!(
        first,
        "get /api/v1/agents/profile?name=a%26b%2f..%2f%c3%bc http/1.1"
    );
    assert!(
        head.contains(&format!("\r\nhost: 127.0.0.1:{port}\r\n")),
        "{head}"
    );
    assert!(
        head.contains("\r\nuser-agent: rookery/") && !head.contains("accept-encoding"),
        "{head}"
    );
}

#[tokio::test]
async fn an_answer_is_taken_to_64_kib_and_not_a_byte_further() {
    let chunked = |len: usize| {
        let body = [
            format!("{len:x}\r\n").as_bytes(),
            &vec![b'x'; len],
            b"\r\n0\r\n\r\n",
        ]
        .concat();
        answer("200 OK", "transfer-encoding: chunked\r\n", &body)
    };
    let closed = |len: usize| answer("200 OK", "", &vec![b'x'; len]);
    let announced = |len: usize| answer("200 OK", &format!("content-length: {len}\r\n"), &vec![b'x'; len]);
    for whole in [
        announced(ANSWER_MAX_BYTES),
        chunked(ANSWER_MAX_BYTES),
        closed(ANSWER_MAX_BYTES),
        announced(0),
    ] {
        let body = fetch(whole).await.unwrap();
        assert!([0, ANSWER_MAX_BYTES].contains(&body.len()));
    }
    let endless = answer("200 OK", "content-length: 99999999999999\r\n", b"");
    for larger in [
        announced(ANSWER_MAX_BYTES + 1),
        chunked(ANSWER_MAX_BYTES + 1),
        closed(ANSWER_MAX_BYTES + 1),
        endless,
    ] {
        assert!(matches!(fetch(larger).await, Err(FetchError::TooLarge)));
    }
    // What is packed is not unpacked.
    let packed = answer(
        "200 OK",
        "content-encoding: gzip\r\ncontent-length: 3\r\n",
        b"\x1f\x8b\x08",
    );
    assert_eq!(&*fetch(packed).await.unwrap(), b"\x1f\x8b\x08");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = format!(
        "location: http://{}/\r\ncontent-length: 0\r\n",
        target.local_addr().unwrap()
    );
    for status in [301, 302, 303, 307, 308] {
        let error = fetch(answer(&format!("{status} Elsewhere"), &location, b""))
            .await
            .unwrap_err();
        assert!(
            matches!(error, FetchError::Status(code) if code == status),
            "{error}"
        );
    }
    assert!(target.accept().now_or_never().is_none(), "it was followed");
}

#[tokio::test]
async fn another_status_than_success_is_named() {
    for status in [400, 404, 429, 500, 503] {
        let error = fetch(answer(
            &format!("{status} No"),
            "content-length: 6\r\n",
            b"secret",
        ))
        .await
        .unwrap_err();
        assert_eq!(error.to_string(), format!("the server answered {status}"));
    }
    for broken in [
        b"".to_vec(),
        b"nonsense\r\n\r\n".to_vec(),
        answer("200 OK", "content-length: 9\r\n", b"part"),
    ] {
        let error = fetch(broken).await.unwrap_err();
        assert!(matches!(error, FetchError::Transport(_)), "{error}");
        assert!(!format!("{error:?}").contains("127.0.0.1"), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_or_never_ends_is_given_up() {
    let beginnings = [
        b"".to_vec(),
        b"HTTP/1.1 200 OK\r\n".to_vec(),
        answer("200 OK", "content-length: 9\r\n", b"part"),
    ];
    for beginning in beginnings {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut fetcher = trusted(port);
        fetcher.deadline = Duration::from_millis(200);
        let url = format!("http://127.0.0.1:{port}/");
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(&beginning).await.unwrap();
            // The server says nothing more: the client ends the connection.
            assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
        };
        let (fetched, ()) = tokio::join!(fetcher.get(&url), server);
        assert!(matches!(fetched, Err(FetchError::Timeout)));
    }
    assert_eq!(
        Fetcher::public("https://example.org", false).unwrap().deadline,
        DEADLINE
    );
}

#[tokio::test]
async fn the_trusted_server_is_the_only_one() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = other.local_addr().unwrap().port();
    let fetcher = Fetcher::trusted("http://127.0.0.1:1/base").unwrap();
    for url in [
        format!("http://127.0.0.1:{port}/base"),
        format!("https://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://127.0.0.1:1@127.0.0.1:{port}/"),
        "https://127.0.0.1:1/base".to_owned(),
    ] {
        assert!(
            matches!(fetcher.get(&url).await, Err(FetchError::Address(_))),
            "{url}"
        );
    }
    assert!(other.accept().now_or_never().is_none());
    for bad in [
        "",
        "127.0.0.1",
        "ftp://127.0.0.1/",
        "http://",
        "http://user@127.0.0.1/",
        "http://:p@127.0.0.1/",
        "http://127.0.0.1/?a=b",
        "http://127.0.0.1/#a",
        "file:///etc/passwd",
    ] {
        assert!(
            matches!(Fetcher::trusted(bad), Err(FetchError::Address(_))),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_without_a_connection() {
    for url in [
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:8.8.8.8]/",
        "https://localhost/",
        "https://LOCALHOST:8443/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/",
        "https://[fe80::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://0/",
        "https://①②⑦.0.0.1/",
    ] {
        let error = ask(url, false).await.unwrap_err();
        assert!(matches!(error, FetchError::Network), "{url}: {error}");
    }
    for url in [
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "data:,x",
        "https://example.org:22/",
        "https://example.org:6379/",
        "https://example.org:80/",
        "https://a@example.org/",
        "https://a:b@example.org/",
        "https://:b@example.org/",
        "//example.org/",
        "example.org",
        "",
        "https://",
        "http://localhost/",
        "http://127.0.0.1/",
    ] {
        let error = ask(url, false).await.unwrap_err();
        assert!(matches!(error, FetchError::Address(_)), "{url}: {error}");
    }
    // Not every system knows that this is itself.
    let error = ask("https://localhost./", false).await.unwrap_err();
    assert!(
        matches!(error, FetchError::Network | FetchError::Lookup(_)),
        "{error}"
    );
    let long = format!("https://example.org/{}", "a".repeat(URL_MAX_BYTES));
    assert!(matches!(ask(&long, false).await, Err(FetchError::Address(_))));
}

#[tokio::test]
async fn in_development_plain_http_reaches_this_machine_alone() {
    let (port, _served) = serve(answer("200 OK", "content-length: 2\r\n", b"ok")).await;
    let fetched = ask(&format!("http://localhost:{port}/"), true).await;
    assert_eq!(&*fetched.unwrap(), b"ok");
    for url in [
        "http://10.0.0.1/",
        "http://8.8.8.8/",
        "http://[fe80::1]/",
        "https://127.0.0.1/",
    ] {
        let error = ask(url, true).await.unwrap_err();
        assert!(matches!(error, FetchError::Network), "{url}: {error}");
    }
}

#[test]
fn one_private_address_among_public_ones_refuses_the_name() {
    let fetcher = Fetcher::public("https://example.org", false).unwrap();
    let admit = |texts: &[&str]| {
        let addresses: Vec<SocketAddr> = texts.iter().map(|text| text.parse().unwrap()).collect();
        fetcher.admit_addresses("https", &addresses).is_ok()
    };
    assert!(admit(&["8.8.8.8:443"]));
    assert!(admit(&["8.8.8.8:443", "[2001:4860:4860::8888]:443"]));
    assert!(!admit(&["8.8.8.8:443", "127.0.0.1:443"]) && !admit(&["[fd00::1]:443", "8.8.8.8:443"]));
    assert!(!admit(&[]) && !admit(&["8.8.8.8:443"; 65]) && admit(&["8.8.8.8:443"; 64]));
}

#[test]
fn only_a_named_server_of_profiles_is_asked() {
    let of = |url: Option<&str>, profile_is_private, is_dev| {
        let settings = Auth {
            profile_url: url.map(str::to_owned),
            profile_is_private,
            ..Auth::default()
        };
        Fetcher::of_profiles(&settings, is_dev)
    };
    assert!(of(None, false, false).unwrap().is_none());
    let private = Some("http://profiles.local:8080/api");
    let fetcher = of(private, true, false).unwrap().unwrap();
    assert_eq!(
        fetcher.under(&["x"], &[]).unwrap(),
        "http://profiles.local:8080/api/x"
    );
    // One on the open internet is told from the first, as far as the address alone tells.
    assert!(of(private, false, false).is_err() && of(private, false, true).is_ok());
    assert!(of(Some("https://profiles.example:9000/api"), false, false).is_err());
    assert!(
        of(Some("https://profiles.example/api"), false, false)
            .unwrap()
            .is_some()
    );
    assert!(of(Some("nowhere"), true, true).is_err());
}
