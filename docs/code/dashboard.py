"""A dashboard of your own, which people open with their account of Gatehouse."""

import os
from urllib.parse import urlencode

from authlib.integrations.starlette_client import OAuth
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.middleware.sessions import SessionMiddleware

issuer = os.environ.get("ISSUER", "http://localhost:8080/auth")
oauth = OAuth()
gatehouse = oauth.register(
    "gatehouse",
    server_metadata_url=f"{issuer}/.well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=os.environ["SESSION_SECRET"])


@app.get("/")
async def home(request: Request) -> Response:
    if "name" not in request.session:
        return await gatehouse.authorize_redirect(request, request.url_for("signed_in"))
    return JSONResponse({"hello": request.session["name"]})


@app.get("/callback")
async def signed_in(request: Request) -> Response:
    tokens = await gatehouse.authorize_access_token(request)
    person = await gatehouse.userinfo(token=tokens)
    request.session.update(name=person["name"], id_token=tokens["id_token"])
    return RedirectResponse("/")


@app.get("/sign-out")
async def sign_out(request: Request) -> Response:
    told = {"post_logout_redirect_uri": str(request.url_for("home"))}
    if id_token := request.session.get("id_token"):
        told["id_token_hint"] = id_token
    request.session.clear()
    metadata = await gatehouse.load_server_metadata()
    return RedirectResponse(f"{metadata['end_session_endpoint']}?{urlencode(told)}")
