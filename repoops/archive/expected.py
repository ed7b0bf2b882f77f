"""Names that people and programs expect in a root, whatever the file says; a list, and how it is read."""

from __future__ import annotations

import fnmatch
import posixpath
import re

from repoops.archive.words import LOG, WORK, words
from repoops.files import RelPath

NAMES = (
    # what hosts, packagers and lawyers look for
    "readme*", "license*", "licence*", "unlicense*", "copying*", "copyright*", "notice*", "patents", "trademark", "trademarks",
    "third-party*", "thirdparty*", "3rd-party*", "disclaimer", "terms", "terms-of-service", "terms-of-use", "privacy", "privacy-policy",
    "changelog*", "change-log*", "changes", "history", "news", "releases", "release-notes", "release", "releasing",
    "contributing*", "contributors", "code-of-conduct*", "security", "security-policy", "support", "governance",
    "maintainers", "maintaining", "authors", "owners", "codeowners", "citation", "citations", "credits", "acknowledgements", "acknowledgments",
    "thanks", "sponsors", "backers", "adopters", "users", "funding", "dco", "cla", "charter", "steering",
    "issue-template*", "pull-request-template*", "bug-report", "feature-request",
    # what agents and editors read
    "agent", "agents", "claude", "claude-local", "gemini", "codex", "copilot", "copilot-instructions", "cursor", "cursorrules", "windsurf", "warp", "qwen",
    "conventions", "skill", "skills", "memory", "prompt", "prompts", "llms", "llms-full", "codemap", "context",
    # what is kept up as long as the project lives
    "roadmap", "todo", "todos", "task", "tasks", "backlog", "known-issues", "issues", "bugs", "lessons-learned", "lessons",
    "limitations", "ideas", "faq", "glossary", "index", "home", "documentation-index", "docs-index",
    # the documents of one name
    "install", "installation", "installing", "setup", "build", "building", "compiling", "hacking", "developer", "developers", "developing", "development", "testing", "tests",
    "usage", "getting-started", "get-started", "quickstart", "quick-start", "quick-reference", "tutorial", "manual", "guide",
    "examples", "api", "architecture", "design", "internals", "specification", "spec", "protocol", "structure",
    "configuration", "config", "deploy", "deployment", "docker", "environment", "running", "commands", "rules", "style",
    "styleguide", "style-guide", "coding-standards", "references", "reference", "troubleshooting", "debugging",
    "performance", "benchmarks", "migration", "migrating", "upgrade", "upgrading", "compatibility", "requirements",
    "features", "overview", "introduction", "about", "vision", "mission", "philosophy", "principles", "manifesto",
    "dependencies", "versioning", "deprecations", "data", "dataset", "datasets", "model-card", "modelcard",
)  # fmt: skip
"""Patterns of `fnmatch` on the name in lower case without its extension, `-` for `_`, `.` and space."""

_JOINT = re.compile(r"[_.\s-]+")


def expected(path: RelPath) -> str | None:
    """The name a file is expected under, or None. A name with a dot before it is a tool's own."""
    name = posixpath.basename(path)
    if name.startswith("."):
        return name
    stem = posixpath.splitext(name)[0]
    plain = _JOINT.sub("-", stem.casefold())
    if plain.startswith("readme-") and not (LOG | WORK).isdisjoint(words(stem)):  # README_UPDATE_SUMMARY
        return None
    return name if any(fnmatch.fnmatchcase(plain, pattern) for pattern in NAMES) else None
