"""A page in a real browser, without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]  # fmt: skip

LUMINANCE = """() => {
const lum = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255).map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
  return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
const ground = lum(getComputedStyle(document.body).backgroundColor);
const inks = [...document.querySelectorAll('p, th, td, a, summary, .badge, .soft, dt, dd, li')].map(e => lum(getComputedStyle(e).color));
return [ground, Math.min(...inks.map(l => (Math.max(l, ground) + .05) / (Math.min(l, ground) + .05)))]; }"""
"""The ground's luminance, and the least contrast of any text with it."""


@contextmanager
def opened(text: str, theme: str, folder: Path) -> Iterator[Any]:
    """The page in chromium; `problems` of the tab are errors of its scripts and requests for anything but the page."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=ARGUMENTS)
        context = browser.new_context(
            color_scheme=theme, offline=True, viewport={"width": 900, "height": 400}
        )
        tab = context.new_page()
        tab.problems = []
        tab.on("pageerror", lambda error: tab.problems.append(str(error)))
        tab.on(
            "request",
            lambda asked: tab.problems.append(asked.url) if not asked.url.startswith("file:") else None,
        )
        tab.theme = theme
        tab.goto(file.as_uri())
        yield tab
        browser.close()
