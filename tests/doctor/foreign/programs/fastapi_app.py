"""FastAPI, as its tutorial has it; ROUTES is the prefix of all its routes."""
# mypy: ignore-errors

import os
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm

prefix = os.environ.get("ROUTES", "")
app = FastAPI(
    docs_url=f"{prefix}/docs", openapi_url=f"{prefix}/openapi.json", redoc_url=f"{prefix}/redoc"
)
routes = APIRouter(prefix=prefix)
oauth2 = OAuth2PasswordBearer(tokenUrl="token")


@routes.get("/pets/")
def pets(token: Annotated[str, Depends(oauth2)]) -> str:
    return token


@routes.get("/hello")
def hello() -> str:
    return "hello"


@routes.post("/token")
def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
    return {"access_token": form.username, "token_type": "bearer"}


app.include_router(routes)
