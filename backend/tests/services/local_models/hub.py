"""A Hugging Face hub of one model, over real HTTP on loopback."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

COMMIT = "a" * 40
MODEL = "some-lab/some-model"


class Hub:
    """What it serves, and what it was asked."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.asked: list[str] = []

    @property
    def fetched(self) -> set[str]:
        """The files whose content was asked for."""
        return {path.split(f"/resolve/{COMMIT}/")[1] for path in self.asked if "/resolve/" in path}

    def answer(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        if path.startswith(f"/{MODEL}/resolve/{COMMIT}/"):
            content = self.files[path.split(f"/resolve/{COMMIT}/")[1]]
            return 200, content, {"ETag": f'"{_blob(content)}"', "X-Repo-Commit": COMMIT}
        if path.startswith(f"/api/models/{MODEL}/tree/"):
            tree = [
                {"type": "file", "path": name, "size": len(content), "oid": _blob(content)}
                for name, content in self.files.items()
            ]
            return 200, orjson.dumps(tree), {}
        if path.startswith(f"/api/models/{MODEL}"):
            siblings = [{"rfilename": name} for name in self.files]
            return 200, orjson.dumps({"id": MODEL, "sha": COMMIT, "siblings": siblings}), {}
        return 404, b"{}", {"X-Error-Code": "RepoNotFound"}


@contextmanager
def serving(files: Mapping[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Serve ``files`` as the model ``MODEL``, where the hub's library asks."""
    from huggingface_hub import constants

    hub = Hub(files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content, headers = hub.answer(self.path)
            if self.command == "GET":
                hub.asked.append(self.path)
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *parts: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
