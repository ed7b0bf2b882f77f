"""A verification report as JUnit XML: what was not run is `skipped`, with its reason."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from repoops.report.failures import finding
from repoops.report.verification import CaseResult, Failed, NotRun, VerificationReport


def xml(report: VerificationReport) -> bytes:
    """One `testsuite`; a test case's class is `kernel.version`, its name the check.

    What was wanted and could not even begin is a test case with an `error`.
    """
    suite = ET.Element(
        "testsuite",
        name="repoops verify",
        tests=str(len(report.results) + len(report.not_run)),
        failures=str(report.count("failed")),
        skipped=str(report.count("not run")),
        errors=str(len(report.not_run)),
        time=f"{report.duration_s:.3f}",
        timestamp=report.started,
    )
    properties = ET.SubElement(suite, "properties")
    facts = (
        *report.environment,
        ("backend", report.backend),
        ("tree", report.subject.tree if report.subject else "none"),
    )
    for name, value in facts:
        ET.SubElement(properties, "property", name=_legal(name), value=_legal(value))
    for case in report.results:
        _case(suite, case)
    for what, why in report.not_run:
        element = ET.SubElement(suite, "testcase", classname="repoops", name=_legal(what), time="0.000")
        ET.SubElement(element, "error", message=_legal(why))
    ET.indent(suite)
    whole: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return whole + b"\n"


def _case(suite: ET.Element, case: CaseResult) -> None:
    element = ET.SubElement(
        suite, "testcase", classname=_legal(f"{case.kernel}.{case.version}"), name=_legal(case.check),
        time=f"{case.duration_s:.3f}",
    )  # fmt: skip
    match case.result:
        case Failed(why):
            ET.SubElement(element, "failure", message=_legal(why.split("\n")[0])).text = _legal(why)
        case NotRun(why):
            ET.SubElement(element, "skipped", message=_legal(why))
    said = [f"ran on {case.ran_on}" if case.ran_on else "ran nowhere"]
    if case.error:
        said.append(f"error {case.error.max:g}, bound {case.error.bound:g} ({case.error.rule})")
    said += [line for found in case.findings for line in finding(found)]
    said += [f"{name}: {count}" for name, count in case.counters]
    said += case.notes
    ET.SubElement(element, "system-out").text = _legal("\n".join(said))


def _legal(text: str) -> str:
    """XML 1.0 has no control characters but tab and line ends, and no lone surrogates."""
    return "".join(
        c
        if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
        else "?"
        for c in text
    )
