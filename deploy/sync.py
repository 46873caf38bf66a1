"""Write what is made from `services.toml`: whole files, and blocks in files that are otherwise written by hand.

A block stands between two comments and is written as a whole; all else in the file is left alone:

    # >>> services.toml: locations (written by `make sync`)
    ...
    # <<< services.toml
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.checkout import Checkout
from deploy.commands import run
from deploy.errors import DeployError
from deploy.generate import compose, gateway, images, site
from gatehouse_chassis.services import ServiceEntry, load_services

Services = Mapping[str, ServiceEntry]

BLOCKS: dict[str, dict[str, Callable[[Services], str]]] = {
    "docker-compose.yml": {
        "settings": compose.settings,
        "proxy-environment": compose.proxy_environment,
        "proxy-depends-on": compose.proxy_depends_on,
        "services": compose.services,
        "database-passwords": compose.database_passwords,
        "database-secrets": compose.database_secrets,
        "secrets": compose.secrets,
        "volumes": compose.volumes,
    },
    "Dockerfile": {"packages": images.packages, "state-folders": images.state_folders},
    ".dockerignore": {"packages": images.not_ignored},
    "proxy/gateway/nginx.conf.template": {
        "sign-in-limit": gateway.sign_in_limit,
        "cors": gateway.cors,
        "upstreams": gateway.upstreams,
        "locations": gateway.locations,
    },
    "proxy/gateway/start.sh": {"addresses": gateway.addresses},
}
WHOLE_FILES: dict[str, Callable[[Services], str]] = {"proxy/site/services.json": site.services_json}

PAGES = ("docs/settings.md", "docs/routes.md")

_BLOCK = re.compile(
    r"^(?P<first>(?P<indent> *)# >>> services\.toml: (?P<name>[a-z-]+)\b.*\n)"
    r"(?P<body>(?:.*\n)*?)"
    r"(?P<last>(?P=indent)# <<< services\.toml\n)",
    re.MULTILINE,
)


def sync(checkout: Checkout) -> list[str]:
    """Write what differs from the list, and return the names of those files.

    Raises:
        DeployError: a file or one of its blocks is missing, or cannot be written.
        ServicesError: the list cannot be used.
    """
    changed = _outdated(checkout)
    for name, text in changed.items():
        try:
            (checkout.root / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise DeployError(f"{name} cannot be written: {error.strerror}.") from error
    return list(changed)


def sync_with_pages(checkout: Checkout) -> list[str]:
    """Do what `sync` does and, where packages are installed, write the pages of `deploy.pages` too."""
    changed = sync(checkout)
    if not (checkout.venv / "bin" / "python").exists():
        return changed
    before = {page: _text(checkout.root / page) for page in PAGES}
    run(
        [checkout.venv / "bin" / "python", "-m", "deploy.pages"],
        cwd=checkout.root,
        env=os.environ,
        failed=f"{' and '.join(PAGES)} could not be written.",
    )
    return changed + [page for page in PAGES if _text(checkout.root / page) != before[page]]


def stale(checkout: Checkout) -> list[str]:
    """The names of the files that `sync` would change."""
    return list(_outdated(checkout))


def _outdated(checkout: Checkout) -> dict[str, str]:
    """The files that differ from the list, and what should stand in them."""
    services = load_services(checkout.services_file)
    wanted = {name: render(services) for name, render in WHOLE_FILES.items()}
    for name, blocks in BLOCKS.items():
        text = _read(checkout.root / name, name)
        missing = blocks.keys() - {block["name"] for block in _BLOCK.finditer(text)}
        if missing:
            raise DeployError(
                f"{name} has no block {', '.join(sorted(missing))} for what is made from services.toml: "
                f"get it back with `git diff {name}`."
            )
        wanted[name] = _with_blocks(name, text, blocks, services)
    return {name: text for name, text in wanted.items() if _text(checkout.root / name) != text}


def _with_blocks(
    name: str, text: str, blocks: Mapping[str, Callable[[Services], str]], services: Services
) -> str:
    def written(block: re.Match[str]) -> str:
        if block["name"] not in blocks:
            raise DeployError(
                f"{name} has a block {block['name']!r} that `make sync` does not know."
            )
        lines = blocks[block["name"]](services).splitlines()
        body = "".join(f"{block['indent']}{line}\n" if line else "\n" for line in lines)
        return f"{block['first']}{body}{block['last']}"

    return _BLOCK.sub(written, text)


def _read(file: Path, name: str) -> str:
    text = _text(file)
    if text is None:
        raise DeployError(f"{name} is missing: get it back with `git checkout {name}`.")
    return text


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
