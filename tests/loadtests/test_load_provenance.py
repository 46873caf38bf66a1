import subprocess
from pathlib import Path

import pytest

from loadtests import provenance
from tests.loadtests.stub_api import StubApi


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com"]
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(provenance.REVISION_VARIABLE, raising=False)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "first")
    return tmp_path


def test_the_revision_is_the_commit_and_whether_files_differ_from_it(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD").strip()
    assert provenance.revision(repository) == {"commit": commit, "dirty": False}

    (repository / "new").touch()

    assert provenance.revision(repository) == {"commit": commit, "dirty": True}


def test_without_a_repository_the_revision_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(provenance.REVISION_VARIABLE, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert provenance.revision(tmp_path) is None


@pytest.mark.parametrize(
    ("told", "revision"),
    [('{"commit": "abc", "dirty": true}', {"commit": "abc", "dirty": True}), ("null", None)],
    ids=["known", "unknown"],
)
def test_in_a_container_the_revision_is_what_it_was_told(
    told: str, revision: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(provenance.REVISION_VARIABLE, told)

    assert provenance.revision(tmp_path) == revision


def test_a_target_that_tells_no_version_fails_nothing(stub: StubApi) -> None:
    assert provenance.versions(stub.url, supervisor=None).keys() == {"Python", "Locust"}
