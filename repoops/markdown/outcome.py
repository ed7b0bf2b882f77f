"""How a log says what came of it and what comes next, in the languages that logs were seen in; needs no parser.

The one list of these words: the archive tells logs by them, facts and search read outcomes by them.
"""

from __future__ import annotations

import re

DONE, FAILED, PARTIAL, PENDING = "✅✔☑🟢", "❌✖✗🔴", "⚠🟡", "⏳⌛🚧"
"""The marks by meaning; each may be followed by U+FE0F, which asks for the coloured form."""

STATUS = (
    "status", "outcome", "result", "state", "completion", "estado", "resultado", "statut", "etat", "état", "stand", "статус",
    "状态", "狀態", "状態", "结果", "상태", "결과", "진행",
)  # fmt: skip
"""Names of lines that claim an outcome, in lower case."""

NEXT = re.compile(
    r"\bnext\b.{0,12}\b(?:step|action|session|phase|up\b|priorit)|\bwhat[’']?s\snext|\bto-?dos?\b|\bfollow-?ups?\b|\bremaining\b"
    r"|\bimmediate\b|\b(?:short|long|medium)[- ]term\b|pr[óo]xim[oa]s|prochain|n[äa]chste|下一步|后续|後続|次の|다음|следующ",
    re.IGNORECASE,
)
"""Headings that say what comes next."""

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
