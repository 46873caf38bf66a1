from typing import Annotated

from fastapi import FastAPI, Security

from gatehouse_chassis import Principal, PublicPrefixMiddleware, ResourceServer, add_docs

server = ResourceServer(
    issuer="http://localhost:8080/auth", audience="notes", scopes={"notes:read": "Read notes"}
)
app = FastAPI(title="Notes", docs_url=None, redoc_url=None)
app.add_middleware(PublicPrefixMiddleware, root_path="/notes", trusted_proxies=["127.0.0.1"])
add_docs(app)


@app.get("/")
async def notes(user: Annotated[Principal, Security(server.bearer, scopes=["notes:read"])]) -> str:
    return f"Notes of {user.subject}"
