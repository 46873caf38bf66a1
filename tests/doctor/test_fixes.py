from pathlib import Path

import pytest

from doctor.catalogue import KINDS
from doctor.fixes import apache, caddy, envoy, haproxy, nginx, traefik, unknown
from doctor.recognise import PROXIES
from tests.doctor.configuration import assert_accepted, proposed

SETTINGS = sorted({kind.setting for kind in KINDS.values() if kind.setting})


def test_every_proxy_knows_exactly_the_settings_that_findings_name() -> None:
    for module in (apache, caddy, envoy, haproxy, nginx, traefik, unknown):
        assert sorted(module.SNIPPETS) == SETTINGS, module.__name__


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("proxy", PROXIES)
def test_a_proxy_accepts_the_configuration_that_is_proposed_for_it(
    proxy: str, setting: str, tmp_path: Path
) -> None:
    assert_accepted(proxy, proposed(proxy, setting, 8000), tmp_path)


def test_a_kind_explains_only_kinds_that_come_later() -> None:
    names = list(KINDS)
    for kind in KINDS.values():
        for consequence in kind.explains:
            assert names.index(consequence) > names.index(kind.id), f"{kind.id}: {consequence}"
