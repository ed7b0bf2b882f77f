"""Figures that a committed data file holds or contradicts: coverage against a coverage report, and numbers beside a file's name."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from repoops.claims.claim import Claim, Held, Then
from repoops.claims.said import PATH, Said
from repoops.files import RelPath

_DATA = re.compile(rf"`(?:\./)?{PATH}`")
_FIGURE = re.compile(
    r"(?P<word>[A-Za-z][\w-]*)?\W{0,3}(?:(?:of|is|was) )?(?<![\w.,/+-])(?P<n>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d{2,})"
    r"(?P<unit> ?(?:%|ms|µs|μs|us|s|GB/s|TFLOPS?|x|×))?(?![\w.,/:-]\d|\w)"
)
_COVERED = re.compile(
    rf"(?<![\w/.`])`?(?:\./)?{PATH}`?\W{{0,4}}\s*(?:\d+ (?:tests?|lines), ?)*(?P<n>\d{{1,3}}\.\d+)\s?%(?: coverage|(?= ?[^\w]*$))"
)
_TIMED = re.compile(r"(?<![\w.,/+-])(?P<n>\d+\.\d+) ?(?P<unit>ms|µs|μs|us)(?![\w/])")
_SCALES = {"%": (1.0, 100.0), "ms": (1.0, 1e3, 1e-3), "s": (1.0, 1e-3), "us": (1.0, 1e3, 1e6), "µs": (1.0, 1e3, 1e6), "μs": (1.0, 1e3, 1e6)}  # fmt: skip
"""What a file's value may have to be multiplied by: files give shares of 1, seconds and milliseconds."""


def find(said: Said) -> Iterator[Claim]:
    """Figures in a sentence that names one data file; `FILE.py: 79.6% coverage`."""
    if said.hedged or said.passage.cells:
        return
    files = {m["path"] for m in _DATA.finditer(said.text) if m["path"].endswith((".json", ".csv", ".xml"))}
    if len(files) == 1:
        (path,) = files
        for match in _FIGURE.finditer(_DATA.sub(" ", said.text)):
            number = match["n"].replace(",", "")
            word = (match["word"] or "").lower()
            yield Claim(
                f"{match[0].strip()} in {path}",
                (path, number, (match["unit"] or "").strip(), word),
                how="held",
            )
    elif not files:
        for match in _TIMED.finditer(said.text):
            yield Claim(match[0], (match["n"], match["unit"]), how="timed")
    for match in _COVERED.finditer(said.text):
        if match["path"].endswith(".py") and re.search(r"\bcover", said.text + said.nearest, re.IGNORECASE):
            yield Claim(
                f"{match['path']}: {match['n']}% coverage", (match["path"], match["n"]), how="coverage"
            )


def hold(claim: Claim, then: Then) -> Held | None:
    """True where the file holds it, contradicted where it holds another value under the very word; else silent.

    A text may well give figures that the file beside them is not for; and a number of few digits is found
    in many a file by chance, so such a one has to share a word with its key.
    """
    if claim.how == "coverage":
        return _coverage(claim, then)
    if claim.how == "timed":
        return _timed(claim, then)
    name, written, unit, word = claim.names
    paths = then.tree.find(name, then.page)
    data = then.past.content(then.tree, paths[0]) if len(paths) == 1 else None
    if data is None:
        return None
    under: list[tuple[str, float]] = []
    spoken = set(re.findall(r"[a-z0-9]{2,}", then.said.text.lower().replace(name.lower(), ""))) - {written}
    for key, value in _numbers(data, name):
        tokens = set(re.findall(r"[a-z0-9]{2,}", key.lower()))
        if _fits(value, written, unit):
            if ("." in written and len(written.replace(".", "").lstrip("0")) >= 3) or tokens & spoken:
                return Held("true", f"{paths[0]} holds it as {key}", then.show(paths[0]), f"{key}: {value:g}")
        elif word and _leaf(key) == word:
            under.append((key, value))
    if len(under) == 1 and "." in written:
        key, value = under[0]
        return Held(
            "contradicted", f"{paths[0]} has {value:g} as {key}", then.show(paths[0]), f"{key}: {value:g}"
        )
    return None


_DIGITS = 4
"""A time of fewer significant digits is found in many a file by chance."""
_MICRO = {"ms": 1e3, "us": 1.0, "µs": 1.0, "μs": 1.0}


def _timed(claim: Claim, then: Then) -> Held | None:
    """A time that some data file of the tree holds under a key in the same kind of unit; a miss says nothing."""
    written, unit = claim.names
    if len(written.replace(".", "").lstrip("0")) < _DIGITS:
        return None
    half = 0.5 * 10.0 ** -len(written.partition(".")[2]) * _MICRO[unit]
    for path in then.tree.files:
        if path.endswith((".json", ".csv")):
            for key, value in then.past.known(
                f"figures:{then.tree.files[path] or path}", partial(_times, then, path)
            ):
                if abs(value - float(written) * _MICRO[unit]) <= half * 1.000001:
                    return Held("true", f"{path} holds it as {key}", then.show(path), f"{key}: {value:g} µs")
    return None


def _times(then: Then, path: RelPath) -> list[tuple[str, float]]:
    """The times of a data file in µs: values under a key that ends in their unit, samples in lists left out."""
    found = []
    for key, value in _numbers(then.past.content(then.tree, path) or b"", path):
        leaf = key.rpartition(".")[2]
        if match := re.search(r"(?:^|_)(ms|us)$", leaf.lower()):
            found.append((key, value * _MICRO[match[1]]))
    return found


def _fits(value: float, written: str, unit: str) -> bool:
    half = 0.5 * 10.0 ** -len(written.partition(".")[2])
    return any(abs(value * scale - float(written)) <= half * 1.000001 for scale in _SCALES.get(unit, (1.0,)))


def _leaf(key: str) -> str:
    return re.sub(r"_(?:ms|us|s|pct|percent|score)$", "", key.rpartition(".")[2].lower())


_MOST = 1 << 20
"""Larger files are data, and not reports."""


def _numbers(data: bytes, name: str) -> Iterator[tuple[str, float]]:
    if len(data) > _MOST:
        return
    try:
        if name.endswith(".json"):
            yield from _walk(json.loads(data), "")
        elif name.endswith(".csv"):
            for row in csv.DictReader(io.StringIO(data.decode("utf-8", "replace"))):
                yield from ((str(key), float(value)) for key, value in row.items() if isinstance(value, str) and _PLAIN.fullmatch(value))  # fmt: skip
        else:
            text = data.decode("utf-8", "replace")
            yield from ((m[1], float(m[2])) for m in re.finditer(r'([\w:.-]+)="(-?\d+(?:\.\d+)?)"', text))
    except (ValueError, RecursionError, csv.Error):
        return


_PLAIN = re.compile(r"\s*-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\s*")


def _walk(value: Any, key: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        yield key, float(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _walk(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _walk(inner, f"{key}.{number}" if key else str(number))


def _coverage(claim: Claim, then: Then) -> Held | None:
    """Against `coverage.json` reports of the tree: true if one has it; contradicted if all that know the file say otherwise."""
    name, written = claim.names
    other: tuple[str, float] | None = None
    for path in then.tree.files:
        if path.rpartition("/")[2] != "coverage.json":
            continue
        for file, share in _shares(then.past.content(then.tree, path) or b""):
            if file == name or file.endswith(f"/{name}"):
                if _fits(share, written, ""):
                    return Held("true", f"{path} has {share:.2f} for {file}", then.show(path), f"{share:.2f}")
                other = other or (path, share)
    if other is None:
        return None
    word = "approximate" if abs(other[1] - float(written)) <= 1 else "contradicted"
    why = f"{other[0]} has {other[1]:.2f}" + (", within a point" if word == "approximate" else "")
    return Held(word, why, then.show(other[0]), f"{other[1]:.2f}")


def _shares(data: bytes) -> Iterator[tuple[str, float]]:
    try:
        for file, found in json.loads(data).get("files", {}).items():
            yield str(file), float(found["summary"]["percent_covered"])
    except (ValueError, AttributeError, KeyError, TypeError):
        return
