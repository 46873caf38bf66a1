"""What forward-auth costs at the proxy: `python -m bench.forward_auth` reads through nginx with and without it."""

import re
import sys
import tempfile
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from bench.wrk import Request, bring
from deploy.checkout import Checkout
from testing.checkout import ROOT
from testing.http import send
from testing.other_nginx import running_nginx
from testing.stack import Stack

ROUNDS, SECONDS = 5, 2
TARGET_MS = 1.0
_ENTRY = """
[{name}]
title = "{name}"
description = "nginx with one word to say."
prefix = "/{name}"
upstream = "127.0.0.1:{port}"
"""
_FORM = ("Content-Type", "application/x-www-form-urlencoded")


def main() -> int:
    """Prints the medians of p50; 1 when the difference is more than it may be."""
    wrk = bring(Checkout(ROOT))
    with tempfile.TemporaryDirectory() as name:
        folder, upstream = Path(name) / "stack", Path(name) / "upstream"
        folder.mkdir()
        upstream.mkdir()
        with running_nginx(upstream, "location / { return 200 ok; }") as program:
            port = int(program.rpartition(":")[2])
            entries = [_ENTRY.format(name=one, port=port) for one in ("open", "closed")]
            listed = (ROOT / "services.toml").read_text(encoding="utf-8")
            described = Stack(
                folder,
                database=lambda one: f"sqlite:///{folder}/{one}/{one}.db",
                services="".join([listed, *entries, 'require = ["items:read"]\n']),
                upstreams={"open": port, "closed": port},
            )
            with described.running() as stack:
                token, cookie = stack.sign_in(scope="items:read"), _cookie(stack)
                asked = {
                    "without": Request(f"{stack.url}/open/"),
                    "with a cookie": Request(f"{stack.url}/closed/", cookie=cookie),
                    "with a token": Request(f"{stack.url}/closed/", token),
                }
                runs: dict[str, list[float]] = {what: [] for what in asked}
                for _ in range(ROUNDS):
                    for what, request in asked.items():
                        runs[what].append(wrk.run(request, SECONDS, connections=1).p50)
    p50 = {what: median(values) for what, values in runs.items()}
    for what, value in p50.items():
        sys.stdout.write(f"{what:<14} {value:6.3f} ms of p50, +{value - p50['without']:.3f} ms\n")
    return int(max(p50.values()) - p50["without"] > TARGET_MS)


def _cookie(stack: Stack) -> str:
    page = send(stack.url, "/auth/sign-in")
    own = page.headers["Set-Cookie"].partition(";")[0]
    [token] = re.findall(r'name="form_token" value="([0-9a-f]+)"', page.body.decode())
    fields = {"username": stack.demo.username, "password": stack.demo.password, "form_token": token}
    entered = send(
        stack.url,
        "/auth/sign-in",
        method="POST",
        headers=[_FORM, ("Cookie", own)],
        body=urlencode(fields).encode(),
    )
    return entered.headers["Set-Cookie"].partition(";")[0]


if __name__ == "__main__":
    raise SystemExit(main())
