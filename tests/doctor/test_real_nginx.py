"""Wrong settings of the real nginx in front of the real uvicorn, and the fix that is proposed."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from doctor.fixes import IF_KEPT
from testing.other_nginx import running_nginx
from testing.serving import served
from tests.doctor.command import run
from tests.doctor.services import service

HEADERS = "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;"


@dataclass(frozen=True)
class Setting:
    """Wrong lines inside `server { }` of nginx in front of a service.

    Attributes:
        finding: the id that must come first.
        wrong: the lines; UPSTREAM is where the service listens, PORT its port.
        right: the same lines fixed; FIX is the configuration that the doctor proposed.
        root_path: what uvicorn is told as --root-path, before and after.
        options: more arguments of the command; UPSTREAM in them too.
    """

    finding: str
    wrong: str
    right: str = "FIX"
    root_path: tuple[str, str] = ("/items", "/items")
    options: tuple[str, ...] = ()
    case: str = ""

    @property
    def name(self) -> str:
        return f"{self.finding} {self.case}".strip()


STRIPPING = f"location /items/ {{ proxy_pass http://UPSTREAM/; {HEADERS} }}"

SETTINGS = (
    Setting("prefix-unknown", wrong=STRIPPING, root_path=("", "/items")),
    Setting(
        "location-doubled",
        wrong="location /items/ { proxy_pass http://UPSTREAM/; }",
    ),
    Setting(
        "port-lost",
        wrong="location /items/ { proxy_set_header Host $host; proxy_pass http://UPSTREAM/; }",
    ),
    Setting(
        "host-lost",
        wrong="location /items/ { proxy_redirect off; proxy_pass http://localhost:PORT/; }",
    ),
    Setting(
        "kept-but-expected-stripped",
        wrong=f"location /items/ {{ proxy_pass http://UPSTREAM; {HEADERS} }}",
        options=("--direct", "http://UPSTREAM"),
    ),
    Setting("path-rewritten", wrong=STRIPPING),
    Setting(
        "path-rewritten",
        wrong=STRIPPING,
        options=("--direct", "http://UPSTREAM"),
        case="compared with the backend",
    ),
    Setting("websocket-upgrade-lost", wrong=STRIPPING, options=("--websocket", "/ws")),
    Setting(
        "segment-boundary",
        wrong="location /items { rewrite ^/items/?(.*)$ /$1 break; "
        f"proxy_pass http://UPSTREAM; {HEADERS} }}",
    ),
)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_wrong_setting_is_found_and_the_proposed_lines_mend_it(
    setting: Setting, tmp_path: Path
) -> None:
    app = service(repeats_paths=setting.finding == "path-rewritten")
    before, after = setting.root_path
    with served(app, root_path=before) as port:
        upstream = f"127.0.0.1:{port}"
        first = _examined(tmp_path / "wrong", setting.wrong, setting, upstream)
    assert first["findings"][0]["id"] == setting.finding
    proposed = first["findings"][0]["configuration"]
    with served(app, root_path=after) as port:
        # Without --direct the doctor cannot know where the service listens.
        upstream = f"127.0.0.1:{port}"
        fixed = re.sub(r"127\.0\.0\.1:\d+|YOUR-SERVICE:8000", "UPSTREAM", stripping(proposed))
        lines = setting.right.replace("FIX", fixed)
        assert _examined(tmp_path / "right", lines, setting, upstream)["findings"] == []


def stripping(proposed: str) -> str:
    """Return the block for a proxy that strips, where one for each way is proposed."""
    return proposed.partition(IF_KEPT)[0]


def _examined(folder: Path, lines: str, setting: Setting, upstream: str) -> Any:
    folder.mkdir()
    port = upstream.rpartition(":")[2]
    options = [option.replace("UPSTREAM", upstream) for option in setting.options]
    with running_nginx(folder, lines.replace("UPSTREAM", upstream).replace("PORT", port)) as origin:
        report = run(f"{origin}/items", "--json", *options).report
    assert report["proxy"] == "nginx"
    return report
