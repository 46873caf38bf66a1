"""Each wrong setting is found first, with its fix; the fixed twin is found clean."""

import pytest
from starlette.types import ASGIApp

from doctor.catalogue import KINDS
from testing.serving import Certificate, served
from tests.doctor import test_discovery as discovery
from tests.doctor.command import Run, run
from tests.doctor.deployments import BROKEN, Deployment

# These need a proxy that rewrites, or a second address: tests/doctor/test_real_nginx.py.
# What only a browser sees: tests/doctor/test_browser.py.
ELSEWHERE = {
    "browser-load-failed",
    "kept-but-expected-stripped",
    "location-doubled",
    "path-rewritten",
}
# What every client of OAuth meets: tests/doctor/test_discovery.py.
DISCOVERY = {finding for _site, finding, _names in discovery.BROKEN.values()}
# Many wrong settings have the same right one beside them.
REPAIRED = {
    (deployment.repaired, deployment.prefix, deployment.tls, deployment.options): deployment
    for deployment in BROKEN
}
# These show only beside a finding that explains them.
CONSEQUENCES = {"redirect-loses-prefix", "forwarded-prefix-trusted"}


def examined(app: ASGIApp, deployment: Deployment, certificate: Certificate) -> Run:
    with served(app, certificate=certificate if deployment.tls else None) as port:
        scheme = "https" if deployment.tls else "http"
        url = f"{scheme}://127.0.0.1:{port}{deployment.prefix}"
        trust = ("--ca-file", str(certificate.certificate)) if deployment.tls else ()
        return run(url, "--json", *trust, *deployment.options)


def any_broken(result: Run) -> bool:
    """Whether the report has a finding that is broken now, which is what the exit code is about."""
    return any(finding["severity"] == "broken" for finding in result.report["findings"])


@pytest.mark.parametrize("deployment", BROKEN, ids=lambda deployment: deployment.name)
def test_a_broken_deployment_is_found_with_its_mend(
    deployment: Deployment, certificate: Certificate
) -> None:
    result = examined(deployment.broken(), deployment, certificate)
    first = result.report["findings"][0]
    assert result.code == (1 if any_broken(result) else 0)
    assert first["id"] == deployment.finding, result.output
    fix = " ".join([first["title"], first["change"], first["configuration"] or ""])
    assert deployment.names in fix


@pytest.mark.parametrize("deployment", REPAIRED.values(), ids=lambda deployment: deployment.name)
def test_its_repaired_twin_is_clean(deployment: Deployment, certificate: Certificate) -> None:
    result = examined(deployment.repaired(), deployment, certificate)
    assert result.findings == [], result.output
    assert result.code == 0


def test_every_kind_of_finding_comes_first_in_some_broken_deployment() -> None:
    assert {
        deployment.finding for deployment in BROKEN
    } | ELSEWHERE | DISCOVERY | CONSEQUENCES == set(KINDS)
