"""The script, style and picture files of the documentation pages."""

import os
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_OWN = Path(__file__).parent / "assets"
# The wheel has them beside this file (hatch_build.py); in the workspace they are those of a package, in whose place
# StaticFiles finds them without importing it: its __init__ would import Django.
_BUNDLED = Path(__file__).parent / "vendor"
_SIDECAR = ("drf_spectacular_sidecar", "static/drf_spectacular_sidecar")


def add_assets(app: FastAPI) -> None:
    """Serve the pages' own files at `/docs/assets` and Swagger UI and ReDoc below `vendor`."""
    # The own files change with the pages that name them, so browsers ask each time (and hear 304).
    # The others change only when their package's exact version does.
    vendor = (
        _CachedFiles("public, max-age=86400", directory=_BUNDLED)
        if _BUNDLED.exists()
        else _CachedFiles("public, max-age=86400", packages=[_SIDECAR])
    )
    app.mount("/docs/assets/vendor", vendor)
    app.mount("/docs/assets", _CachedFiles("no-cache", directory=_OWN))


class _CachedFiles(StaticFiles):
    def __init__(
        self,
        cache_control: str,
        *,
        directory: Path | None = None,
        packages: list[str | tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(directory=directory, packages=packages)
        self._cache_control = cache_control

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = self._cache_control
        return response
