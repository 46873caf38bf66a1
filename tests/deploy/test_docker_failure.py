"""What a failed start with Docker says; a shell script answers for the engine."""

import io
import json
import re
from pathlib import Path

import pytest

from deploy.docker import DockerStack
from deploy.errors import DeployError
from deploy.progress import Progress
from deploy.settings import load, load_for_what_runs
from testing.services import checkout_of_samples

HEALTH_CHECK = (
    "Traceback (most recent call last):\nHTTPError: HTTP Error 503: Service Unavailable\n"
)


def inspected(checkout: Path, service: str, **state: object) -> dict[str, object]:
    """What `docker inspect` says of a container, as far as it is read."""
    labels = {
        "service": service,
        "container-number": "1",
        "project.working_dir": str(checkout),
    }
    return {
        "Id": service,
        "Config": {"Labels": {f"com.docker.compose.{key}": text for key, text in labels.items()}},
        "State": {"Pid": 0, "ExitCode": 0, "StartedAt": "2026-01-01T00:00:00Z", **state},
        "RestartCount": 0,
        "HostConfig": {
            "RestartPolicy": {"Name": "no" if service.endswith("-migrate") else "unless-stopped"}
        },
    }


def failed_start(folder: Path, *containers: dict[str, object]) -> list[str]:
    """The lines of the error, where `docker compose up` fails with these containers left."""
    (folder / "inspected.json").write_text(json.dumps(containers))
    docker = folder / "docker"
    docker.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >>"{folder}/asked"\n'
        'case "$*" in\n'
        "  *compose*up*) echo 'dependency failed to start'; exit 1 ;;\n"
        "  ps*) echo some ids ;;\n"
        f"  inspect*) cat '{folder}/inspected.json' ;;\n"
        '  logs*) echo "$2 says why"; echo "GET /$2/health/ready" ;;\n'
        "esac\n"
    )
    docker.chmod(0o755)
    checkout = checkout_of_samples(folder)
    settings = load(checkout, {"PATH": f"{folder}:/usr/bin:/bin"})
    with pytest.raises(DeployError) as failed:
        DockerStack(checkout, settings).start(Progress(3, io.StringIO()))
    assert not checkout.running.exists(), "nothing is left running, so nothing is remembered"
    return str(failed.value).splitlines()


def test_an_unhealthy_container_is_told_last_in_the_words_of_its_health_check(
    tmp_path: Path,
) -> None:
    health = {"Status": "unhealthy", "Log": [{"Output": "before"}, {"Output": HEALTH_CHECK}]}

    said = failed_start(
        tmp_path,
        inspected(tmp_path, "postgres", Status="running", Health={"Status": "healthy", "Log": []}),
        inspected(tmp_path, "auth", Status="running", Health=health),
        inspected(tmp_path, "proxy", Status="created"),
    )

    assert said == [
        "The last lines of auth:",
        "    auth says why",
        "The containers did not become healthy. `docker` said:",
        "    dependency failed to start",
        "auth is not ready: HTTPError: HTTP Error 503: Service Unavailable",
    ]


def test_a_line_of_env_that_compose_would_refuse_does_not_stop_it_from_stopping(
    tmp_path: Path,
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$@" >"{tmp_path}/asked"\n')
    docker.chmod(0o755)
    checkout = checkout_of_samples(tmp_path)
    (tmp_path / ".env").write_text("DEMO_PASSWORD=it's\nCOMPOSE_PROJECT_NAME=ours\n")

    stack = DockerStack(checkout, load_for_what_runs(checkout, {"PATH": f"{tmp_path}:/bin"}))
    stack.stop()

    assert stack.project == "ours"
    assert (tmp_path / "asked").read_text().startswith("compose --env-file /dev/null ")


def test_the_log_of_a_start_before_is_not_shown(tmp_path: Path) -> None:
    failed_start(tmp_path, inspected(tmp_path, "auth-migrate", Status="exited", ExitCode=2))

    asked = (tmp_path / "asked").read_text()
    assert re.search(r"^logs auth-migrate --since \d{4}-\d\d-\d\dT", asked, re.MULTILINE)


def test_a_container_that_ended_is_told_last_with_its_exit_status(tmp_path: Path) -> None:
    said = failed_start(
        tmp_path,
        inspected(tmp_path, "items-migrate", Status="exited"),
        inspected(tmp_path, "auth-migrate", Status="exited", ExitCode=2),
    )

    assert said[0] == "The last lines of auth-migrate:"
    assert said[-1] == "auth-migrate ended with exit status 2."
