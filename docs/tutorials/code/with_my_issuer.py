"""Notes that take the tokens of an issuer that you have already."""

import os
from typing import Annotated

from fastapi import FastAPI, Security

from gatehouse_chassis import Principal, ResourceServer, add_problems, health_routes

server = ResourceServer(
    issuer=os.environ.get("ISSUER", "https://id.example.com"),
    audience="https://example.com/notes",
    resource="https://example.com/notes",
    scopes={"notes:read": "Read your notes"},
    algorithms=("RS256", "ES256"),
)
Reader = Annotated[Principal, Security(server.bearer, scopes=["notes:read"])]

app = FastAPI(title="Notes")
add_problems(app)
app.include_router(server.metadata)
app.include_router(health_routes(server.checks))


@app.get("/mine")
async def mine(reader: Reader) -> list[str]:
    return [f"A note of {reader.subject}"]
