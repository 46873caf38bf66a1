"""Notes: one route that anyone may call, and one that needs a token."""

from typing import Annotated

from fastapi import FastAPI, Security

from gatehouse_chassis import Principal, ResourceServer, add_problems

server = ResourceServer(
    issuer="http://localhost:8080/auth",
    audience="notes",
    scopes={"notes:read": "Read your notes"},
)
Reader = Annotated[Principal, Security(server.bearer, scopes=["notes:read"])]

app = FastAPI(title="Notes")
add_problems(app)


@app.get("/")
async def welcome() -> str:
    return "Anyone may read this."


@app.get("/mine")
async def mine(reader: Reader) -> list[str]:
    return [f"A note of {reader.subject}"]
