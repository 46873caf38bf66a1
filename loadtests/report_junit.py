"""The verdict as JUnit XML, which every CI shows: a test case for each row, and one for the run as a whole."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from loadtests.verdict import BROKEN, KEPT

WHOLE_RUN = "the whole run"


def render(summary: Mapping[str, Any]) -> str:
    """A broken budget is a failure, what cannot be told an error, and a row without a budget is skipped."""
    cases = [_case(row) for row in summary["rows"]]
    whole = ET.Element("testcase", classname="load", name=WHOLE_RUN, time=f"{summary['seconds']:g}")
    if summary["exit_code"] != KEPT:
        tag = "failure" if summary["exit_code"] == BROKEN else "error"
        ET.SubElement(whole, tag, message=summary["verdict"])
    cases.append(whole)
    counts = {
        name: str(sum(case.find(tag) is not None for case in cases))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    whole_suite = {
        "name": f"load test of {summary['target']}",
        "tests": str(len(cases)),
        "timestamp": summary["started"],
        "time": f"{summary['seconds']:g}",
    }
    suite = ET.Element("testsuite", {**whole_suite, **counts})
    suite.extend(cases)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(row: Mapping[str, Any]) -> ET.Element:
    case = ET.Element("testcase", classname="load", name=row["row"])
    if row["broken"]:
        ET.SubElement(case, "failure", message="; ".join(row["broken"]))
    elif row["unsure"]:
        ET.SubElement(case, "error", message=f"cannot tell: {'; '.join(row['unsure'])}")
    elif row["state"] != "ok":
        ET.SubElement(case, "skipped", message=row["state"])
    return case
