"""The tests that the application came with: they know nothing of Gatehouse."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import app as memos
import pytest
from app import admin, app, current_user, get_session
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A client who is Alice, with a database of its own."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def session() -> AsyncIterator[AsyncSession]:
        async with sessions() as one:
            yield one

    monkeypatch.setattr(memos, "engine", engine)
    monkeypatch.setattr(memos, "PICTURES", tmp_path / "pictures")
    for each in (app, admin):
        each.dependency_overrides[get_session] = session
        each.dependency_overrides[current_user] = lambda: "alice"
    with TestClient(app) as client:
        yield client
    for each in (app, admin):
        each.dependency_overrides.clear()


def as_user(name: str) -> None:
    app.dependency_overrides[current_user] = lambda: name


def test_a_note_is_read_as_it_was_written(client: TestClient) -> None:
    written = client.post("/notes/", json={"text": "Buy milk"})
    assert written.status_code == 201
    address = written.url.join(written.headers["Location"])
    assert client.get(address).json() == {"id": 1, "text": "Buy milk"}
    assert client.get("/notes/").json() == [{"id": 1, "text": "Buy milk"}]


def test_a_note_of_somebody_else_is_not_there(client: TestClient) -> None:
    client.post("/notes/", json={"text": "Buy milk"})
    as_user("bob")
    assert client.get("/notes/").json() == []
    assert client.get("/notes/1").status_code == 404


def test_a_picture_of_5_mb_has_its_checksum_written_afterwards(client: TestClient) -> None:
    client.post("/notes/", json={"text": "Look"})
    picture = b"x" * memos.MAX_PICTURE
    assert client.put("/notes/1/picture", files={"picture": picture}).status_code == 204
    assert client.get("/notes/1/picture").content == picture
    checksum = (memos.PICTURES / "1.sha256").read_text()
    assert checksum == hashlib.sha256(picture).hexdigest()


def test_a_larger_picture_is_refused(client: TestClient) -> None:
    client.post("/notes/", json={"text": "Look"})
    picture = b"x" * (memos.MAX_PICTURE + 1)
    assert client.put("/notes/1/picture", files={"picture": picture}).status_code == 413


def test_the_page_counts_its_visits_and_has_a_style_sheet(client: TestClient) -> None:
    assert "Visit 1" in client.get("/").text
    assert "Visit 2" in client.get("/start").text
    assert client.get("/static/memos.css").status_code == 200


def test_a_websocket_echoes(client: TestClient) -> None:
    client.get("/")
    with client.websocket_connect("/echo") as websocket:
        websocket.send_text("hello")
        assert websocket.receive_text() == "hello (1)"


def test_an_administrator_counts_notes(client: TestClient) -> None:
    client.post("/notes/", json={"text": "Buy milk"})
    assert client.get("/admin/owners/alice").json() == 1


def test_nobody_reads_notes_without_signing_in(client: TestClient) -> None:
    del app.dependency_overrides[current_user]
    assert client.get("/notes/").status_code in (401, 403)
    assert client.get("/").status_code == 200
