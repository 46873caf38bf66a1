"""The tutorial's way: FastAPI's tutorials put together.

Sync dependencies, a session of the ORM for each request, HS256, and the user looked up for each request:
https://fastapi.tiangolo.com/tutorial/security/oauth2-jwt/ and https://fastapi.tiangolo.com/tutorial/sql-databases/.
"""

import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine, ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bench.baselines.settings import BaselineSettings

ALGORITHM = "HS256"
# Made before the workers are forked, so they have it in common.
SECRET_KEY = secrets.token_hex(32)
hasher = PasswordHasher()
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token")


class Base(DeclarativeBase):
    """The tables."""


class User(Base):
    """Who signs in."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    username: Mapped[str] = mapped_column(index=True, unique=True)
    hashed_password: Mapped[str]
    disabled: Mapped[bool] = mapped_column(default=False)


class Item(Base):
    """What a user owns."""

    __tablename__ = "items"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    title: Mapped[str]
    description: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ItemCreate(BaseModel):
    """A new item."""

    title: str
    description: str = ""


class ItemPublic(BaseModel):
    """An item as its owner sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    description: str
    owner_id: UUID
    created_at: datetime
    updated_at: datetime


class Token(BaseModel):
    """What a sign-in gives."""

    access_token: str
    token_type: str


def prepare(settings: BaselineSettings) -> None:
    """Make the tables and the one user."""
    engine = create_engine(settings.database_url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        password = hasher.hash(settings.password.get_secret_value())
        session.add(User(username=settings.username, hashed_password=password))
        session.commit()


def create_app(settings: BaselineSettings) -> FastAPI:
    """Sign-in, and items of the user who signed in."""
    engine = create_engine(settings.database_url, connect_args={"check_same_thread": False})
    app = FastAPI()
    _add_routes(app, engine)
    return app


def _add_routes(app: FastAPI, engine: Engine) -> None:
    def get_session() -> Iterator[Session]:
        with Session(engine) as session:
            yield session

    SessionDep = Annotated[Session, Depends(get_session)]  # noqa: N806  # the tutorial's name

    def get_current_user(
        token: Annotated[str, Depends(oauth2_scheme)], session: SessionDep
    ) -> User:
        try:
            claims = jwt.decode(token, SECRET_KEY, algorithms=[ALGORITHM])
        except jwt.InvalidTokenError:
            raise HTTPException(401, "Could not validate credentials") from None
        user = session.scalar(select(User).where(User.username == claims["sub"]))
        if user is None:
            raise HTTPException(401, "Could not validate credentials")
        return user

    def get_current_active_user(user: Annotated[User, Depends(get_current_user)]) -> User:
        if user.disabled:
            raise HTTPException(400, "Inactive user")
        return user

    CurrentUser = Annotated[User, Depends(get_current_active_user)]  # noqa: N806

    @app.post("/auth/token")
    def login(form: Annotated[OAuth2PasswordRequestForm, Depends()], session: SessionDep) -> Token:
        user = session.scalar(select(User).where(User.username == form.username))
        try:
            hasher.verify(user.hashed_password if user else "", form.password)
        except (VerificationError, ValueError):
            raise HTTPException(401, "Incorrect username or password") from None
        claims = {"sub": form.username, "exp": int(time.time()) + 1800}
        encoded = jwt.encode(claims, SECRET_KEY, algorithm=ALGORITHM)
        return Token(access_token=encoded, token_type="bearer")

    @app.post("/items/", response_model=ItemPublic, status_code=201)
    def create_item(item: ItemCreate, user: CurrentUser, session: SessionDep) -> Item:
        now = datetime.now(UTC)
        made = Item(**item.model_dump(), owner_id=user.id, created_at=now, updated_at=now)
        session.add(made)
        session.commit()
        session.refresh(made)
        return made

    @app.get("/items/{item_id}", response_model=ItemPublic)
    def read_item(item_id: UUID, user: CurrentUser, session: SessionDep) -> Item:
        item = session.get(Item, item_id)
        if item is None or item.owner_id != user.id:
            raise HTTPException(404, "Item not found")
        return item
