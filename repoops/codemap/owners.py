"""Who owns what, as CODEOWNERS says it."""

from __future__ import annotations

from dataclasses import dataclass

from repoops.codemap.scan import Tree
from repoops.files import RelPath
from repoops.globs import deciding

_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""In the order in which GitHub looks, then GitLab's own."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern and its owners, in the order of the file; the last rule that matches a path holds."""

    pattern: str
    owners: tuple[str, ...]


def owners(tree: Tree) -> tuple[Rule, ...]:
    """The rules that match any file of the tree; empty where there is no CODEOWNERS."""
    place = next((path for path in _PLACES if tree.has(path)), None)
    if place is None:
        return ()
    rules = []
    for line in tree.text(place).split("\n"):
        words = line.partition(" #")[0].split()
        if len(words) > 1 and words[0][0] not in "#[^":
            rules.append(Rule(words[0], tuple(words[1:])))
    return tuple(rule for rule in rules if any(deciding(path, (rule.pattern,)) for path in tree.files))


def owners_of(path: RelPath, rules: tuple[Rule, ...]) -> tuple[str, ...]:
    """The owners of a file."""
    return next((rule.owners for rule in reversed(rules) if deciding(path, (rule.pattern,))), ())
