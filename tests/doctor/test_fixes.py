from pathlib import Path

import pytest

from doctor.catalogue import KINDS
from doctor.fixes import (
    IF_KEPT,
    IF_STRIPPED,
    apache,
    caddy,
    envoy,
    fix,
    haproxy,
    nginx,
    traefik,
    unknown,
)
from doctor.recognise import PROXIES
from tests.doctor.configuration import assert_accepted, proposed

SETTINGS = sorted({kind.setting for kind in KINDS.values() if kind.setting})


def test_every_proxy_knows_both_ways_and_no_setting_that_no_finding_names() -> None:
    for module in (apache, caddy, envoy, haproxy, nginx, traefik, unknown):
        assert {"strip-the-prefix", "keep-the-prefix"} <= set(module.SNIPPETS) <= {*SETTINGS}


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("way", ["strip", "keep"])
def test_without_a_prefix_no_slash_is_added_behind_it(proxy: str, way: str, tmp_path: Path) -> None:
    lines = fix(proxy, "whole", way, prefix="").replace("@PREFIX@", "")
    assert_accepted(proxy, lines.replace("@UPSTREAM@", "127.0.0.1:8000"), tmp_path)


def test_where_the_way_is_not_known_both_are_shown() -> None:
    both = fix("nginx", "whole", "")
    assert both.index(IF_STRIPPED) < both.index(IF_KEPT)


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
