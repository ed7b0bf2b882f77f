"""What a status line claims, by its marks and words in several languages; needs no parser."""

from __future__ import annotations

import re

DONE, FAILED, PARTIAL, PENDING = "✅✔☑🟢", "❌✖✗🔴", "⚠🟡", "⏳⌛🚧"
"""The marks by meaning; each may be followed by U+FE0F, which asks for the coloured form."""

_PARTIAL_WORDS = (
    r"partial|in[ -]progress|wip|pending|ongoing|mixed|paused|mostly|almost|remaining|"
    r"en progreso|em andamento|parcial|进行中|進行中|部分|진행"
)
_FAILED_WORDS = (
    r"fail\w*|blocked|broken|abort\w*|incomplete|not (?:done|complete\w*|ready|started|working)|"
    r"fall[óo]|falhou|失败|失敗|실패"
)
_DONE_WORDS = (
    r"complete\w*|done|success\w*|ready|operational|resolved|fixed|pass\w*|shipped|merged|deployed|"
    r"finished|validated|verified|achieved|implemented|complet[ao]d?[ao]?|conclu[íi]d[ao]|完成|完了|成功|완료"
)
_WORD = tuple(
    (outcome, re.compile(rf"(?<![^\W_])(?:{words})(?![a-z])", re.IGNORECASE))
    for outcome, words in (("partial", _PARTIAL_WORDS), ("failed", _FAILED_WORDS), ("done", _DONE_WORDS))
)


def outcome_of(status: str) -> str:
    """What a status line claims: `done`, `partial`, `failed`, or `other`.

    Marks go before words; where marks of success and failure share the line it is `partial`.
    """
    done, failed, partial, pending = (
        any(mark in status for mark in kind) for kind in (DONE, FAILED, PARTIAL, PENDING)
    )
    words = {outcome for outcome, word in _WORD if word.search(status)}
    if partial or pending or (done and failed):
        return "partial"
    if failed:
        return "failed"
    if "failed" in words and not done:
        return "failed"
    if "partial" in words or "failed" in words:
        return "partial"
    return "done" if done or "done" in words else "other"
