"""Reads one file out of a wheel that lies on a server, without fetching the rest."""

from __future__ import annotations

import io
import re
import zipfile

from repoops.wheels import web

_TAIL_BYTES = 1 << 16
"""Read at once from the end: the directory of most wheels, and with it often the metadata itself."""


class Ranged(io.RawIOBase):
    """A file on a server, read by ranges; what was read once at its end is kept.

    Raises:
        UnrangedError: the server gives the file only whole.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._at = 0
        self._tail = b""
        with web.opened(url, {"Range": f"bytes=-{_TAIL_BYTES}"}) as answer:
            told = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.headers.get("Content-Range") or "")
            if not told:
                raise UnrangedError
            self.size = int(told[3])
            self._tail = answer.read()
            if len(self._tail) != self.size - int(told[1]):
                raise UnrangedError

    def seekable(self) -> bool:
        """Any place can be read."""
        return True

    def readable(self) -> bool:
        """As a file that was opened for reading."""
        return True

    def tell(self) -> int:
        """The place that is read next."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As a file's."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """As a file's."""
        end = min(self._at + len(buffer), self.size)
        if end <= self._at:
            return 0
        kept_from = self.size - len(self._tail)
        if self._at >= kept_from:
            data = self._tail[self._at - kept_from : end - kept_from]
        else:
            with web.opened(self._url, {"Range": f"bytes={self._at}-{end - 1}"}) as answer:
                if answer.status != 206:
                    raise UnrangedError
                data = answer.read()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class UnrangedError(OSError):
    """The server gives the file only whole."""


def metadata(url: str) -> bytes | None:
    """A wheel's `METADATA`, or None where it cannot be read without the whole wheel."""
    try:
        with zipfile.ZipFile(io.BufferedReader(Ranged(url), 1 << 15)) as wheel:
            for name in wheel.namelist():
                if re.fullmatch(r"[^/]+\.dist-info/METADATA", name):
                    return wheel.read(name)
    except (*web.Broken, zipfile.BadZipFile, ValueError):
        return None
    return None
