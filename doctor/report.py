"""The report for a person: text, coloured on a terminal; and for a program: JSON."""

import json
import os
import textwrap
from typing import Any, TextIO

from doctor.catalogue import Severity
from doctor.examination import Report
from doctor.findings import Finding
from doctor.fixes import fix
from doctor.recognise import PROXIES

_WIDTH = 100
_BOLD, _RED, _YELLOW, _GREEN, _DIM = "1", "31", "33", "32", "2"
_COLOURS = {Severity.BROKEN: _RED, Severity.RISK: _YELLOW}
_NAMES = {"nginx": "nginx", "caddy": "Caddy", "haproxy": "HAProxy", "apache": "Apache httpd"} | {
    "traefik": "Traefik",
    "envoy": "Envoy",
}


def proxy_name(proxy: str) -> str:
    """Return how a proxy is written."""
    return _NAMES.get(proxy, "unknown")


class TextReport:
    """Writes a report to a stream.

    Args:
        stream: where to; colours are used only if it is a terminal and NO_COLOR is not set
            (no-color.org).
        upstream: host:port of the backend, for the configuration that is shown.
    """

    def __init__(self, stream: TextIO, *, upstream: str) -> None:
        self._stream = stream
        self._upstream = upstream
        self._colours = stream.isatty() and not os.environ.get("NO_COLOR")

    def write(self, report: Report) -> None:
        """Write the whole report."""
        proxy = (
            f"{proxy_name(report.proxy)} answers"
            if report.proxy in PROXIES
            else "proxy not recognised"
        )
        self._line(
            f"{self._in(_BOLD, 'proxy-doctor')} examined {self._in(_BOLD, report.url)} "
            f"({report.requests} requests, {proxy})"
        )
        if report.services:
            self._paragraph("services", ", ".join(report.services))
        self._paragraph("examined", ", ".join(report.examined) or "nothing")
        for note in report.notes:
            self._paragraph("note", note)
        for number, finding in enumerate(report.findings, start=1):
            self._line()
            self._finding(number, finding, report.proxy)
        self._line()
        if report.findings:
            count = len(report.findings)
            self._line(
                f"{count} finding{'s' if count > 1 else ''}, the likely cause of the others first. "
                "Symptoms and fixes: docs/behind-a-proxy.md"
            )
        else:
            self._line(self._in(_GREEN, "Nothing found."))

    def _finding(self, number: int, finding: Finding, proxy: str) -> None:
        kind = finding.kind
        label = self._in(_COLOURS[kind.severity], kind.severity.value)
        title = self._in(_BOLD, filled(kind.title, finding, self._upstream))
        self._line(f"{number}. {label}: {title} {self._in(_DIM, f'[{kind.id}]')}")
        self._paragraph("asked", finding.asked)
        self._paragraph("answered", finding.answered)
        self._paragraph("why", filled(kind.why, finding, self._upstream))
        change = f"{kind.change} {finding.advice}".strip()
        self._paragraph("change", filled(change, finding, self._upstream))
        if kind.setting:
            known = proxy in PROXIES
            self._line(f"   {f'in {proxy_name(proxy)}' if known else 'in the proxy'}:")
            snippet = filled(fix(proxy, kind.setting), finding, self._upstream)
            self._line(textwrap.indent(snippet, " " * 13))
        if finding.explains:
            self._paragraph("causes", ", ".join(finding.explains))

    def _paragraph(self, name: str, text: str) -> None:
        words = textwrap.fill(
            _harmless(text),
            _WIDTH,
            initial_indent=f"   {name:<10}",
            subsequent_indent=" " * 13,
            break_long_words=False,
            break_on_hyphens=False,
        )
        self._line(words)

    def _line(self, text: str = "") -> None:
        self._stream.write(f"{text}\n")

    def _in(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text


def as_json(report: Report, *, upstream: str) -> str:
    """Return the report as a JSON document."""
    document: dict[str, Any] = {
        "url": report.url,
        "proxy": report.proxy,
        "requests": report.requests,
        "services": report.services,
        "examined": report.examined,
        "notes": report.notes,
        "findings": [
            {
                "id": finding.id,
                "severity": finding.kind.severity.value,
                "prefix": finding.prefix,
                "title": filled(finding.kind.title, finding, upstream),
                "asked": finding.asked,
                "answered": finding.answered,
                "why": filled(finding.kind.why, finding, upstream),
                "change": filled(
                    f"{finding.kind.change} {finding.advice}".strip(), finding, upstream
                ),
                "configuration": filled(fix(report.proxy, finding.kind.setting), finding, upstream)
                if finding.kind.setting
                else None,
                "causes": list(finding.explains),
            }
            for finding in report.findings
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def filled(text: str, finding: Finding, upstream: str) -> str:
    """Fill in the prefix of a finding and the address of the backend."""
    prefix = _harmless(finding.prefix)
    return text.replace("@PREFIX@", prefix).replace("@UPSTREAM@", upstream)


def _harmless(text: str) -> str:
    """Replace control characters, so that an answer from a remote server cannot steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
