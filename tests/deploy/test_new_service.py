"""From `make service` to an answer for a user who signed in, with the packages installed."""

import json
from pathlib import Path

from testing.checkout import Copy
from testing.http import send
from testing.ports import free_port


def test_a_new_service_joins_the_stack_that_runs(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "checkout", "local")
    copy.share_packages()
    first = copy.make("up")
    assert first.returncode == 0, first.stdout + first.stderr
    made = copy.run(".venv/bin/python", "-m", "deploy", "service", "notes")
    assert made.returncode == 0, made.stderr
    up = copy.make("up", NOTES_BIND=f"127.0.0.1:{free_port()}")
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        assert up.stdout.startswith("It runs without notes, so it is started anew. Data stays.\n")
        url = f"http://127.0.0.1:{copy.port}"
        headers = [
            ("Authorization", f"Bearer {copy.sign_in()}"),
            ("Content-Type", "application/json"),
        ]
        body = json.dumps({"title": "Buy milk"}).encode()
        created = send(url, "/notes/", method="POST", headers=headers, body=body)
        listed = send(url, "/notes/", headers=headers)
        assert (created.status, listed.status) == (201, 200)
        assert [note["title"] for note in listed.json["items"]] == ["Buy milk"]
        assert copy.get("/notes/docs") == 200
        # What the portal and the common page of the documentation list.
        services = send(url, "/services.json")
        assert "notes/" in {service["prefix"] for service in services.json}
    finally:
        copy.make("down")
