"""Tiny real wheels, and a file server on loopback that breaks connections."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def make_wheel(
    folder: Path,
    filename: str,
    files: Mapping[str, bytes | str],
    requires: tuple[str, ...] = (),
    version: str | None = None,
) -> Path:
    """A wheel that pip installs; its metadata has the version without its local part, as flash-attn's has."""
    project, named, *_ = filename.removesuffix(".whl").split("-")
    version = version or named.partition("+")[0]
    info = f"{project}-{version}.dist-info"
    tags = "\n".join(f"Tag: {'-'.join(filename.removesuffix('.whl').split('-')[-3:])}".splitlines())
    metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {line}\n" for line in requires)
    content: dict[str, bytes] = {
        name: data.encode() if isinstance(data, str) else data for name, data in files.items()
    }
    content[f"{info}/METADATA"] = metadata.encode()
    content[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\n{tags}\n".encode()
    )
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in content.items()
    )
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    path = folder / filename
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in content.items():
            wheel.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data)
    return path


@dataclass
class Served:
    """What a path answers.

    Attributes:
        body: the whole content.
        kind: its media type.
        headers: further ones.
        cut_after: bytes after which a connection is broken; one for each request, in order.
        fail: status codes that come first, one for each request; 0 for none.
        ranges: whether parts may be asked for.
        length: whether the length is told.
        early: bytes by which a part begins before what was asked for.
    """

    body: bytes
    kind: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: list[int] = field(default_factory=list)
    fail: list[int] = field(default_factory=list)
    ranges: bool = True
    length: bool = True
    early: int = 0


@dataclass
class Server:
    """`files` may be changed while it runs; `asked` has (path, Range, If-Range, Authorization) of every request."""

    url: str
    files: dict[str, Served] = field(default_factory=dict)
    asked: list[tuple[str, str | None, str | None, str | None]] = field(default_factory=list)
    sent: int = 0

    def put(self, path: str, body: bytes | str, **about: object) -> Served:
        served = Served(body.encode() if isinstance(body, str) else body, **about)  # type: ignore[arg-type]
        self.files[path] = served
        return served

    def project(self, name: str, wheels: list[Path], **about: object) -> None:
        """A simple index (JSON) of these files, each with its digest."""
        rows = []
        for wheel in wheels:
            raw = wheel.read_bytes()
            self.put(
                f"/files/{wheel.name}", raw, headers={"ETag": f'"{hashlib.sha256(raw).hexdigest()[:8]}"'}
            )
            rows.append(
                {"filename": wheel.name, "url": f"../../files/{wheel.name}", "size": len(raw),
                 "hashes": {"sha256": hashlib.sha256(raw).hexdigest()}, **about}
            )  # fmt: skip
        page = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": rows})
        self.put(f"/simple/{name}/", page, kind="application/vnd.pypi.simple.v1+json")


@contextmanager
def file_server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            condition = self.headers.get("If-Range")
            made.asked.append((self.path, wanted, condition, self.headers.get("Authorization")))
            served = made.files.get(self.path)
            if served is None:
                self.send_error(404)
                return
            if served.fail and (status := served.fail.pop(0)):
                self.send_error(status)
                return
            self.answer(served, wanted, condition)

        def answer(self, served: Served, wanted: str | None, condition: str | None) -> None:
            total = len(served.body)
            start, end, status = 0, total, 200
            same = condition in (None, served.headers.get("ETag"), served.headers.get("Last-Modified"))
            part = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted or "")
            if part and served.ranges and same:
                start = int(part[1]) if part[1] else max(0, total - int(part[2]))
                end = min(int(part[2]) + 1, total) if part[1] and part[2] else total
                start -= min(start, served.early)
                status = 206
                if start >= total:
                    self.send_error(416)
                    return
            body = served.body[start:end]
            if served.cut_after:
                body = body[: served.cut_after.pop(0)]
            made.sent += len(
                body
            )  # counted first: the other end may be gone as soon as it has read the headers
            self.send_response(status)
            self.send_header("Content-Type", served.kind)
            if served.length:
                self.send_header("Content-Length", str(end - start))
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{total}")
            for name, value in served.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """The other end is gone: that is what is being tested."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        made = Server(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
