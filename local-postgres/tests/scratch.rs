//! A server whose data ends with it. The user's own server is in the tests of `widgetario up`.

use local_postgres::{Error, Server};

#[test]
fn crashed_server_resumes_where_it_was() {
    let server = Server::scratch().unwrap();
    let (port, data) = (server.port(), server.folder().to_owned());
    assert!(server.is_running());

    server.crash().unwrap();
    assert!(!server.is_running());
    assert!(matches!(server.crash(), Err(Error::NotRunning)));
    assert!(data.exists());

    server.resume().unwrap();
    assert!(server.is_running());
    assert_eq!(server.port(), port);
    server.stop();
}

#[test]
fn data_ends_with_its_server() {
    let server = Server::scratch().unwrap();
    let folder = server.folder().parent().unwrap().to_owned();
    assert!(folder.exists());
    server.stop();
    assert!(!folder.exists());
}
