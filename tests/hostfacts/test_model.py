from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.errors import RepoOpsError
from repoops.hostfacts.model import NAMES, Absent, HostFacts, Known, Unknown, from_json, to_json, understood
from tests.wheels.hosts import HOSTS

WORDS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)


@given(
    st.sampled_from(sorted(HOSTS)), st.sampled_from(NAMES), st.one_of(st.builds(Absent, WORDS), st.builds(Unknown, WORDS))
)  # fmt: skip
def test_facts_come_back_as_they_were(host: str, name: str, fact: Absent | Unknown) -> None:
    facts = HOSTS[host].with_fact(name, fact)
    assert from_json(json.dumps(to_json(facts)).encode(), "facts.json") == facts


def test_packages_come_back_too() -> None:
    facts = HostFacts(packages={"torch": "2.6.0", "unknown": "1"})
    assert from_json(json.dumps(to_json(facts)).encode(), "facts.json") == facts


def test_a_person_may_write_the_values_alone() -> None:
    facts = from_json(b'{"python": "3.11.7", "driver": {"absent": "no card"}}', "facts.json")
    assert facts.python == Known("3.11.7")
    assert facts.driver == Absent("no card")
    assert facts.torch == Unknown("facts.json does not say")


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"{", "facts.json: not JSON: Expecting property name enclosed in double quotes"),
        (b"[]", "facts.json: not facts of a host (repoops/host-facts/1)"),
        (b'{"schema": "repoops/host-facts/2"}', "facts.json: not facts of a host (repoops/host-facts/1)"),
        (b'{"pyhton": "3.11"}', "facts.json: unknown fact 'pyhton'"),
        (b'{"python": 3.11}', "facts.json: python is 3.11, which is no such fact"),
        (b'{"cxx11abi": "yes"}', 'facts.json: cxx11abi is {"value": "yes"}, which is no such fact'),
        (b'{"libc": {"value": "2.35"}}', 'facts.json: libc is {"value": "2.35"}, which is no such fact'),
        (b'{"packages": ["torch"]}', "facts.json: packages must be a table of names and versions"),
    ],
)
def test_a_file_that_holds_no_facts_is_refused_by_key(raw: bytes, line: str) -> None:
    with pytest.raises(RepoOpsError) as error:
        from_json(raw, "facts.json")
    assert str(error.value).splitlines()[0].startswith(line)


@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        ("cuda", "12.4", True), ("cuda", "ROCm 6.2.41133-dd7f95766", True), ("cuda", "-", False),
        ("cxx11abi", "TRUE", True), ("cxx11abi", "True", False), ("driver", "550.54.15", True),
        ("driver", "[N/A]", False), ("compute_capability", "[N/A]", False), ("libc", "glibc 2.35", True),
        ("gpu", "", False), ("gpu", "NVIDIA L4", True),
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_unknown(name: str, value: str, known: bool) -> None:
    assert understood(name, value) == (
        Known(value) if known else Unknown(f"the answer is not understood: {value!r}")
    )
