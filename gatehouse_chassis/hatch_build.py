"""Puts the files of Swagger UI and ReDoc into the wheel, so that an app has its docs without another package.

They come from `drf-spectacular-sidecar`, as in the workspace. As a dependency of the wheel it would bring Django along:
50 MB installed in place of 3.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SIDECAR = "drf-spectacular-sidecar==2026.10.1"
FILES = (
    "redoc/LICENSE",
    "redoc/bundles/redoc.standalone.js",
    "redoc/bundles/redoc.standalone.js.LICENSE.txt",
    "swagger-ui-dist/LICENSE",
    "swagger-ui-dist/oauth2-redirect.js",
    "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt",
    "swagger-ui-dist/swagger-ui.css",
)


class DocsFiles(BuildHookInterface[Any]):
    """Adds the files as `docs/vendor/...`; an sdist has them already."""

    def dependencies(self) -> list[str]:
        """What an isolated build installs first."""
        return [] if self._is_sdist() else [SIDECAR]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raises ModuleNotFoundError when the build's environment lacks the files."""
        if self._is_sdist():
            return
        spec = find_spec("drf_spectacular_sidecar")  # not imported: it would import Django
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"To build this wheel, install {SIDECAR}.")
        files = Path(spec.origin).parent / "static" / "drf_spectacular_sidecar"
        for name in FILES:
            build_data["force_include"][str(files / name)] = f"docs/vendor/{name}"

    def _is_sdist(self) -> bool:
        return (Path(self.root) / "docs" / "vendor").exists()
