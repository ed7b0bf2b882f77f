"""The frame of every HTML page of ours: colours of both themes, type, tables; no network, no file beside it."""

from __future__ import annotations

from html import escape
from importlib import resources
from string import Template


def framed(title: str, package: str, body: str) -> str:
    """A whole page.

    Args:
        title: as text.
        package: whose `page.css` it has beside the common style, and whose `page.js`, if there is one.
        body: HTML.
    """
    own = resources.files(package)
    script = own.joinpath("page.js")
    code = f"<script>\n{script.read_text(encoding='utf-8')}</script>" if script.is_file() else ""
    frame = Template(resources.files(__package__).joinpath("frame.html").read_text(encoding="utf-8"))
    style = own.joinpath("page.css").read_text(encoding="utf-8").rstrip()
    return frame.substitute(title=escape(title), style=style, body=body, script=code)
