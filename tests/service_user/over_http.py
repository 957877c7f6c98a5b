"""A head end that answers what it is told to, over a real socket, in a thread of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Thread

from ota_engine.duis.documents import parse_document
from ota_engine.duis.reading import read_request
from tests.service_user.parties import HeadEndDouble, signed


@contextmanager
def over_http(head_end: HeadEndDouble, tls: SSLContext | None = None) -> Iterator[str]:
    """Serve it for as long as the block; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            asked = read_request(parse_document(self.rfile.read(length)))
            head_end.asked.append((self.path, asked))
            octets = head_end.spoil(signed(head_end.behaviour(asked)))
            self.send_response(head_end.status)
            for name, value in head_end.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
