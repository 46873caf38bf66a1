"""An authorization server that nobody here wrote: npm's oidc-provider, with a key for each algorithm."""

import json
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from testing.http import send
from tests.clients.npm import install

_SECRET = b64encode(b"machine:machine-secret-of-a-test").decode()


@contextmanager
def running_oidc_provider(folder: Path, script: str = "issuer.js") -> Iterator[str]:
    """Runs it below `folder` as the script says, and yields its issuer."""
    folder = install(Path(__file__).parent / "issuer", folder / "issuer")
    with (
        (folder / "issuer.log").open("w") as log,
        subprocess.Popen(
            ["node", script],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout
        url = process.stdout.readline().strip()
        assert url, (folder / "issuer.log").read_text()
        yield url
        process.terminate()


def token_of(issuer: str, algorithm: str, audience: str = "notes") -> str:
    """An access token of a machine for this audience, with the scope `notes:read`."""
    form = {
        "grant_type": "client_credentials",
        "scope": "notes:read",
        "resource": f"urn:{audience}:{algorithm}",
    }
    headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Authorization", f"Basic {_SECRET}"),
    ]
    body = urlencode(form).encode()
    answer = send(f"{issuer}/token", method="POST", headers=headers, body=body)
    assert answer.status == 200, answer.body
    return str(json.loads(answer.body)["access_token"])
