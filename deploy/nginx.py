"""nginx: the one that NGINX names, the machine's own, or the distribution's package unpacked without root."""

import os
from collections.abc import Mapping
from pathlib import Path

from deploy.checkout import Checkout
from deploy.debian_package import DebianPackage

PACKAGE = DebianPackage("nginx", folder="usr/sbin")


def find(checkout: Checkout, env: Mapping[str, str] = os.environ) -> Path | None:
    """Return the nginx to run: NGINX, else the machine's own, else the unpacked one, else None."""
    return Path(env["NGINX"]) if env.get("NGINX") else PACKAGE.find(checkout, env)


def can_be_unpacked(env: Mapping[str, str] = os.environ) -> bool:
    """Tell whether packages can be had here without root: on Debian, Ubuntu and kin."""
    return PACKAGE.can_be_unpacked(env)


def how_to_install() -> str:
    """Return the sentence for a machine where it cannot be unpacked."""
    return f"{PACKAGE.how_to_install()}, or say where it is with NGINX=/path/to/nginx"


def unpack(checkout: Checkout, env: Mapping[str, str] = os.environ) -> Path:
    """Fetch the distribution's nginx with what it lacks, and unpack it below `.local/nginx`.

    Raises DeployError when the packages cannot be had or do not run.
    """
    return PACKAGE.unpack(checkout, env)
