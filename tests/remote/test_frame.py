from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from repoops.remote.agent.main import frame
from repoops.remote.frame import Frame, find_frame

NONCE = "0123456789abcdef"
plain = st.dictionaries(st.text(), st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text())))


@given(answer=plain, payload=st.binary(), before=st.binary(), after=st.binary())
def test_a_whole_frame_is_found_in_whatever_a_login_shell_says(
    answer: dict[str, object], payload: bytes, before: bytes, after: bytes
) -> None:
    assert find_frame(before + frame(NONCE, answer, payload) + after, NONCE) == Frame(answer, payload)


@given(answer=plain, payload=st.binary(), data=st.data())
def test_a_torn_frame_is_none(answer: dict[str, object], payload: bytes, data: st.DataObject) -> None:
    whole = frame(NONCE, answer, payload)
    assert find_frame(whole[: data.draw(st.integers(0, len(whole) - 1))], NONCE) is None


@given(answer=plain, payload=st.binary(), data=st.data())
def test_a_changed_byte_is_noticed(answer: dict[str, object], payload: bytes, data: st.DataObject) -> None:
    whole = bytearray(frame(NONCE, answer, payload))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    assert find_frame(bytes(whole), NONCE) is None


@given(answer=plain)
def test_the_answer_to_another_call_is_none(answer: dict[str, object]) -> None:
    assert find_frame(frame(NONCE, answer), "f" * 16) is None
