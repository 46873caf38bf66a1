"""The list of services under test, and another one for tests that must not depend on it."""

import shutil
from pathlib import Path

from deploy.checkout import Checkout
from deploy.sync import BLOCKS, sync
from gatehouse_chassis.services import load_services
from testing.checkout import ROOT

LISTED = load_services(ROOT / "services.toml")
USER_SCOPES = " ".join(
    name
    for service in LISTED.values()
    for name, scope in service.scopes.items()
    if "user" in scope.roles
)
"""All that a user may ask for, of every service."""

OURS = [service for service in LISTED.values() if service.is_ours]

SAMPLE = """
[auth]
title = "Auth"
description = "Who you are."
prefix = "/auth"
package = "auth_service"
sign_in_limit = [
    "POST /token", "POST /authorize", "POST /sign-up", "POST /users", "POST /users/me/password", "PUT /users/me/email",
]

[items]
title = "Items"
description = "What is protected."
prefix = "/items"
package = "items_service"

[wide_notes]
title = "Notes"
description = "What takes larger bodies, below a prefix of two segments."
prefix = "/team/notes"
package = "wide_notes_service"
body_limit = 1000000
workers = 3
database = false
settings = ["WIDE_NOTES_GREETING"]

[wide_notes.body_limits]
"PUT /{note_id}/picture" = 2000000
"POST /imports" = 2000000
"PUT /imports" = 3000000
"POST /" = 1500000
"POST /metrics" = 2000000

[legacy]
title = "Legacy"
description = "A program that runs elsewhere."
prefix = "/legacy"
upstream = "127.0.0.1:9099"
"""


def checkout_of_samples(folder: Path) -> Checkout:
    """A checkout that has the list `SAMPLE` and nothing else."""
    (folder / "services.toml").write_text(SAMPLE, encoding="utf-8")
    return Checkout(folder)


def sample_checkout(folder: Path, services: str = SAMPLE) -> Checkout:
    """A folder with nothing but a list of services and what `make sync` makes of it."""
    for name in BLOCKS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    shutil.copytree(ROOT / "proxy", folder / "proxy", dirs_exist_ok=True)
    (folder / "services.toml").write_text(services, encoding="utf-8")
    checkout = Checkout(folder)
    sync(checkout)
    return checkout
