"""Litestar with its Swagger UI at /schema/swagger; SERVER is what its document names."""
# mypy: ignore-errors

import os

from litestar import Litestar, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.openapi.spec import Server


@get("/pets")
async def pets() -> list[str]:
    return []


app = Litestar(
    [pets],
    openapi_config=OpenAPIConfig(
        title="Pets",
        version="1",
        servers=[Server(url=os.environ.get("SERVER", "/"))],
        render_plugins=[SwaggerRenderPlugin()],
    ),
)
