"""Notes at /notes of a domain: behind a proxy that strips the prefix, keeps it, or stands behind another."""

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse

from gatehouse_chassis import PublicPrefixMiddleware, add_docs

app = FastAPI(title="Notes", docs_url=None, redoc_url=None)
app.add_middleware(PublicPrefixMiddleware, root_path="/notes", trusted_proxies=["127.0.0.1"])
add_docs(app)


@app.get("/")
async def notes() -> list[str]:
    return ["Buy milk"]


@app.get("/latest")
async def latest(request: Request) -> RedirectResponse:
    return RedirectResponse(request.url_for("notes"))


@app.get("/address")
async def address(request: Request) -> str:
    return str(request.url_for("notes"))
