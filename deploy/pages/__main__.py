"""`python -m deploy.pages`: write the pages that are made from code; `make sync` runs it."""

from pathlib import Path

from deploy.pages import routes, settings
from gatehouse_chassis.services import load_services

services = load_services()
for made in (settings, routes):
    Path(made.PAGE).write_text(made.page(services), encoding="utf-8")
