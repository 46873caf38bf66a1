"""The report for a person: text, coloured on a terminal; and for a program: JSON."""

import json
import os
import textwrap
from typing import Any, TextIO

from doctor.catalogue import Kind, Severity
from doctor.examination import Report
from doctor.findings import Finding
from doctor.fixes import fix
from doctor.recognise import PROXIES

_WIDTH = 100
_PLACEHOLDER = "YOUR-SERVICE:8000"
_BOLD, _RED, _YELLOW, _GREEN, _DIM = "1", "31", "33", "32", "2"
_COLOURS = {
    Severity.BROKEN: _RED,
    Severity.SOME_CLIENTS: _YELLOW,
    Severity.RISKY: _YELLOW,
}
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
        upstream: host:port of the backend, for the configuration that is shown; None where it is
            not known.
    """

    def __init__(self, stream: TextIO, *, upstream: str | None = None) -> None:
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
        made_with = f", made with {report.framework.name}" if report.framework.name else ""
        self._line(
            f"{self._in(_BOLD, 'gatehouse-doctor')} examined {self._in(_BOLD, report.url)} "
            f"({report.requests} requests, {proxy}{made_with})"
        )
        if report.services:
            self._paragraph("services", ", ".join(report.services))
        self._paragraph("examined", ", ".join(report.examined) or "nothing")
        if report.gateway:
            self._paragraph("in front", f"{report.gateway.name}. {report.gateway.advice}")
        for note in report.notes:
            self._paragraph("note", note)
        for client, said in report.clients.items():
            self._paragraph("client", f"{client}: {said}")
        for sentence in report.unseen:
            self._paragraph("not seen", sentence)
        for number, finding in enumerate(report.findings, start=1):
            self._line()
            self._finding(number, finding, report)
        self._line()
        if report.findings:
            self._line(_summary(report))
        elif report.unseen:
            self._line(self._in(_GREEN, "Nothing found in what could be seen."))
        else:
            self._line(self._in(_GREEN, "Nothing found."))

    def _finding(self, number: int, finding: Finding, report: Report) -> None:
        words = _Words(report, finding, self._upstream)
        label = self._in(_COLOURS[finding.severity], finding.severity.in_words)
        title = self._in(_BOLD, words.title)
        self._line(f"{number}. {label}: {title} {self._in(_DIM, f'[{finding.id}]')}")
        self._paragraph("asked", finding.asked)
        self._paragraph("answered", finding.answered)
        self._paragraph("why", words.why)
        self._paragraph("change", words.change)
        if words.configuration:
            known = report.proxy in PROXIES
            self._line(f"   {f'in {proxy_name(report.proxy)}' if known else 'in the proxy'}:")
            self._line(textwrap.indent(words.configuration, " " * 13))
            if not self._upstream and _PLACEHOLDER in words.configuration:
                self._paragraph("", f"({_PLACEHOLDER} stands for where the service itself listens)")
        if finding.explains:
            self._paragraph("causes", ", ".join(finding.explains))

    def _paragraph(self, name: str, text: str) -> None:
        words = textwrap.fill(
            printable(text),
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


def as_json(report: Report, *, upstream: str | None = None) -> str:
    """Return the report as a JSON document."""
    document: dict[str, Any] = {
        "url": report.url,
        "gateway": report.gateway and report.gateway.name,
        "proxy": report.proxy,
        "framework": report.framework.name or None,
        "requests": report.requests,
        "services": report.services,
        "examined": report.examined,
        "notes": report.notes,
        "unseen": report.unseen,
        "clients": report.clients,
        "findings": [
            _as_object(finding, _Words(report, finding, upstream)) for finding in report.findings
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _as_object(finding: Finding, words: "_Words") -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "prefix": finding.prefix,
        "title": words.title,
        "asked": finding.asked,
        "answered": finding.answered,
        "why": words.why,
        "change": words.change,
        "configuration": words.configuration or None,
        "causes": list(finding.explains),
    }


def _summary(report: Report) -> str:
    count = len(report.findings)
    broken = any(finding.severity is Severity.BROKEN for finding in report.findings)
    return (
        f"{count} finding{'s' if count > 1 else ''}{'' if broken else ', none of them broken now'}; "
        "the worst first, and a cause before what it causes. Symptoms and fixes: docs/behind-a-proxy.md"
    )


class _Words:
    """The words of one finding, with the prefix, the framework's settings and the backend filled in."""

    def __init__(self, report: Report, finding: Finding, upstream: str | None) -> None:
        kind, made_with = finding.kind, report.framework
        self._values = {
            "@TELL@": made_with.stripped or made_with.kept,
            # Who has no setting for one way must go the other.
            "@STRIPPED@": made_with.stripped or f"{made_with.name} has no setting for that",
            "@KEPT@": made_with.kept or f"{made_with.name} has no setting for that",
            "@TRUST@": made_with.trust or "its own setting for trusted proxies",
            "@SERVERS@": made_with.servers,
            "@PREFIX@": printable(finding.prefix),
            "@UPSTREAM@": upstream or _PLACEHOLDER,
        }
        why = f"{kind.why} {kind.asgi if made_with.is_asgi else ''}"
        self.title = self._filled(kind.title)
        self.why = self._filled(why)
        self.change = self._filled(f"{kind.change} {finding.advice}")
        self.configuration = (
            self._filled(self._snippet(report, kind, finding.prefix)) if kind.setting else ""
        )

    @staticmethod
    def _snippet(report: Report, kind: Kind, prefix: str) -> str:
        setting = kind.setting
        if setting == "strip-the-prefix" and report.framework.way == "keep":
            setting = "keep-the-prefix"
        return fix(report.proxy, setting, report.way, prefix=prefix)

    def _filled(self, text: str) -> str:
        for name, value in self._values.items():
            text = text.replace(name, value)
        return text.strip()


def printable(text: str) -> str:
    """Replace control characters, so that an answer from a remote server cannot steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
