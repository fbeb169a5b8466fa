"""A hub on this machine that has some repositories with branches, and tells of them as hubs do."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

COMMIT = "0123456789" * 4
GATED = "x/gated"  # whose terms nobody has accepted
BROKEN, ODD = "x/broken", "x/odd"  # answered by an error of the server, and by what is no answer


@contextmanager
def hub(repositories: Mapping[str, Sequence[str]], asked: list[str] | None = None) -> Iterator[str]:
    """Address of a hub with these repositories and their branches; `asked` gets what is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = unquote(self.path.partition("?")[0])
            if asked is not None and path.startswith("/api/models"):
                asked.append(path)
            code, body, error = answer(path, repositories)
            content = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if error:
                self.send_header("X-Error-Code", error)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def silent() -> Iterator[tuple[str, socket.socket]]:
    """A server that lets everybody in and never says a word: its address, and where they wait."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", listening


def visitors(listening: socket.socket) -> int:
    """How many came since this was asked last."""
    listening.setblocking(False)
    number = 0
    while True:
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return number
        number += 1


def answer(path: str, repositories: Mapping[str, Sequence[str]]) -> tuple[int, dict, str]:
    """Status, body and kind of error for a path of the hub's interface."""
    parts = path.removeprefix("/api/models/").split("/", 2)
    name, rest = "/".join(parts[:2]), "".join(parts[2:])
    if name not in repositories:
        return 404, {"error": "Repository not found"}, "RepoNotFound"
    if name in (BROKEN, ODD):
        return (503, {}, "") if name == BROKEN else (200, {"siblings": 1}, "")
    if rest == "auth-check":
        return (403, {"error": "restricted"}, "GatedRepo") if name == GATED else (200, {}, "")
    branches = repositories[name]
    if rest == "refs":
        told = [
            {"name": one, "ref": f"refs/heads/{one}", "targetCommit": COMMIT} for one in branches
        ]
        return 200, {"branches": told, "tags": [], "converts": []}, ""
    revision = rest.removeprefix("revision/")
    if revision and revision not in (*branches, COMMIT):
        return 404, {"error": f"Invalid rev id: {revision}"}, "RevisionNotFound"
    told = {"id": name, "sha": COMMIT, "siblings": [], "tags": []}
    return 200, told | {"gated": "manual" if name == GATED else False}, ""
