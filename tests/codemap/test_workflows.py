"""What is read off a workflow's lines is what a YAML parser reads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.codemap.workflows import Workflow, _blocks, _parsed, workflow

PLAIN = """\
# comment
name: Tests
on:
  pull_request:
    paths: ['a/**']
  push:
    branches: [main]  # remark
  schedule:
  - cron: "0 0 * * *"
env:
  X: 1

jobs:
  # the first
  build:
    runs-on: ubuntu-latest
    steps:
      - run: |
          jobs:
          on: nothing
  test_all:  # remark
    needs: build
"""


@pytest.mark.parametrize(
    ("text", "events", "jobs"),
    [
        (PLAIN, ("pull_request", "push", "schedule"), ("build", "test_all")),
        ("on: push\njobs:\n    a:\n        steps: []\n", ("push",), ("a",)),
        ("---\n'on': [push, pull_request] # both\njobs: {}\n", ("push", "pull_request"), ()),
        ("on:\n- push\n- release\njobs:\n  a: {}\n", ("push", "release"), ("a",)),
        ("on:\n  - push\njobs:\n  'a b': {}\n  c: {}\n", ("push",), ("a b", "c")),
        ("on: {push: }\njobs: {a: {}, b: {}}\n", ("push",), ("a", "b")),
        ("on: &e [push]\njobs:\n  a: &a {}\n  <<: {b: 1}\n", ("push",), ("a", "b")),
        ("name: x\n", (), ()),
    ],
)  # fmt: skip
def test_events_and_jobs(text: str, events: tuple[str, ...], jobs: tuple[str, ...]) -> None:
    found = workflow(text)
    assert found is not None
    assert (found.events, sorted(found.jobs)) == (events, sorted(jobs))
    assert found == _parsed(text)


@pytest.mark.parametrize("text", ["on: [push\njobs:\n  a: {}\n", "\t- [", "on: push\non: push\n  jobs: x\n"])
def test_what_is_no_yaml_is_told(text: str) -> None:
    assert workflow(text) is None


def test_no_parser_is_needed_for_a_plain_workflow() -> None:
    import subprocess
    import sys

    look = f"import sys; from repoops.codemap.workflows import workflow; print(workflow({PLAIN!r}) is None, 'yaml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


WORDS = st.sampled_from(["push", "pull_request", "build-all", "a_b", "x1"])
VALUES = st.sampled_from(["", " {}", " x", " [a, b]", " # remark", " |\n      jobs:\n      on: z", "\n   - q: 1", "\n     deep: 1"])  # fmt: skip
BLOCKS = st.lists(st.tuples(WORDS, VALUES), min_size=1, max_size=3, unique_by=lambda row: row[0])


@settings(max_examples=60)
@given(BLOCKS, BLOCKS)
def test_read_as_yaml_reads_it(events: list[tuple[str, str]], jobs: list[tuple[str, str]]) -> None:
    lines = [f"{name}:{value}" for name, value in events], [f"{name}:{value}" for name, value in jobs]
    text = (
        "on:\n" + "".join(f"   {x}\n" for x in lines[0]) + "jobs:\n" + "".join(f"   {x}\n" for x in lines[1])
    )
    assert _blocks(text) is not None
    assert workflow(text) == _parsed(text)
    assert isinstance(workflow(text), Workflow)
