"""Memos: an application as people write them, with the few lines that bring it under Gatehouse.

As in a diff, those lines end in `# +`, and what stood there before is behind `# -`. README.md says what each is for.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import (
    APIRouter,
    BackgroundTasks,
    Depends,
    FastAPI,
    HTTPException,
    Request,
    Response,
    Security,
    UploadFile,
    WebSocket,
)
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

# - from fastapi.security import APIKeyHeader
from fastapi.sse import EventSourceResponse, ServerSentEvent
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.middleware.sessions import SessionMiddleware

from gatehouse_chassis import Principal, PublicPrefixMiddleware, ResourceServer, add_docs  # +

MAX_PICTURE = 5 * 1024 * 1024
HERE = Path(__file__).parent
PICTURES = Path(os.environ.get("MEMOS_PICTURES", "pictures"))


# --- the database ---

engine = create_async_engine(os.environ.get("MEMOS_DATABASE_URL", "sqlite+aiosqlite:///memos.db"))
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """The tables."""


class Note(Base):
    """A note of one user."""

    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(index=True)
    text: Mapped[str]


async def get_session() -> AsyncIterator[AsyncSession]:
    """One session for each request."""
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


# --- who is asking ---

ISSUER = os.environ.get("MEMOS_ISSUER", "http://localhost:8080/auth")  # +
SCOPES = {"memos:write": "Read and write your notes"}  # +
# - API_KEYS = dict(pair.split("=") for pair in os.environ.get("MEMOS_KEYS", "").split())
server = ResourceServer(issuer=ISSUER, audience="memos", scopes=SCOPES, auth_url="../auth/")  # +
# - Credential = Annotated[str, Security(APIKeyHeader(name="X-API-Key"))]
Credential = Annotated[Principal, Security(server.bearer, scopes=[*SCOPES])]  # +


async def current_user(credential: Credential) -> str:
    """The one whose notes are read and written."""
    # - if credential not in API_KEYS:
    # -     raise HTTPException(401, "This key is unknown.")
    # - return API_KEYS[credential]
    return credential.subject  # +


User = Annotated[str, Depends(current_user)]


# --- notes ---

notes = APIRouter(prefix="/notes", tags=["notes"])
listeners: set[asyncio.Queue[int]] = set()


class NewNote(BaseModel):
    """What a user writes."""

    text: str


class StoredNote(NewNote):
    """A note as it is read."""

    model_config = ConfigDict(from_attributes=True)
    id: int


async def own_note(note_id: int, user: User, session: Session) -> Note:
    """The user's note of this number."""
    note = await session.get(Note, note_id)
    if note is None or note.owner != user:
        raise HTTPException(404, "There is no such note.")
    return note


OwnNote = Annotated[Note, Depends(own_note)]


@notes.get("/")
async def list_notes(user: User, session: Session) -> list[StoredNote]:
    """List your notes."""
    found = await session.scalars(select(Note).where(Note.owner == user).order_by(Note.id))
    return [StoredNote.model_validate(note) for note in found]


@notes.post("/", status_code=201)
async def write_note(
    new: NewNote, user: User, session: Session, request: Request, response: Response
) -> StoredNote:
    """Write a note."""
    note = Note(owner=user, text=new.text)
    session.add(note)
    await session.commit()
    for queue in listeners:
        queue.put_nowait(note.id)
    response.headers["Location"] = str(request.url_for("read_note", note_id=note.id))
    return StoredNote.model_validate(note)


@notes.get("/{note_id}")
async def read_note(note: OwnNote) -> StoredNote:
    """Read a note."""
    return StoredNote.model_validate(note)


@notes.put("/{note_id}/picture", status_code=204)
def put_picture(note: OwnNote, picture: UploadFile, tasks: BackgroundTasks) -> None:
    """Give a note a picture of up to 5 MB."""
    if (picture.size or 0) > MAX_PICTURE:
        raise HTTPException(413, "A picture may have 5 MB at most.")
    PICTURES.mkdir(exist_ok=True)
    file = PICTURES / f"{note.id}"
    with file.open("wb") as written:
        shutil.copyfileobj(picture.file, written)
    tasks.add_task(write_checksum, file)


@notes.get("/{note_id}/picture")
async def get_picture(note: OwnNote) -> FileResponse:
    """Get the picture of a note."""
    return FileResponse(PICTURES / f"{note.id}")


def write_checksum(file: Path) -> None:
    """What is done when the answer is on its way already."""
    file.with_suffix(".sha256").write_text(hashlib.sha256(file.read_bytes()).hexdigest())


# --- what happens now ---

live = APIRouter(tags=["live"])


@live.get("/events", response_class=EventSourceResponse)
async def events() -> AsyncIterator[ServerSentEvent]:
    """Tell the number of each note that is written (server-sent events)."""
    queue: asyncio.Queue[int] = asyncio.Queue()
    listeners.add(queue)
    try:
        yield ServerSentEvent(event="hello", data="listening")
        while True:
            yield ServerSentEvent(event="note", data=await queue.get())
    finally:
        listeners.discard(queue)


@live.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Say what is said, and how often this browser has seen the page."""
    await websocket.accept()
    visits = websocket.session.get("visits", 0)
    async for text in websocket.iter_text():
        await websocket.send_text(f"{text} ({visits})")


# --- pages ---

pages = APIRouter(include_in_schema=False)


@pages.get("/")
async def home(request: Request) -> HTMLResponse:
    """A page with a style sheet, which counts its visits in a signed cookie."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><title>Memos</title>'
        '<link rel="stylesheet" href="static/memos.css"></head>'
        f"<body><h1>Memos</h1><p>Visit {request.session['visits']}</p>"
        f'<p><a href="{request.url_for("home")}">Again</a>, <a href="docs">API</a></p>'
        "</body></html>"
    )


@pages.get("/start")
async def start(request: Request) -> RedirectResponse:
    """An old address of the page."""
    return RedirectResponse(request.url_for("home"))


# --- the application ---

admin = FastAPI(title="Memos: administration")


@admin.get("/owners/{owner}")
async def owner(owner: str, session: Session, _user: User) -> int:
    """Count the notes of one user."""
    return await session.scalar(select(func.count()).where(Note.owner == owner)) or 0


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """The tables are there before the first request."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


# - app = FastAPI(title="Memos", lifespan=lifespan)
app = FastAPI(title="Memos", lifespan=lifespan, docs_url=None, redoc_url=None)  # +
app.add_middleware(
    SessionMiddleware,
    secret_key=os.environ.get("MEMOS_SECRET", "only-for-development"),
    session_cookie="memos_session",
)
app.add_middleware(PublicPrefixMiddleware, root_path="/memos", trusted_proxies=["127.0.0.1"])  # +
add_docs(app)  # +
app.include_router(notes)
app.include_router(live)
app.include_router(pages)
app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
app.mount("/admin", admin)
