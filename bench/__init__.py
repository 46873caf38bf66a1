"""Measures what the project promises about speed, as ratios in one run: `make bench`."""

import sys

from gatehouse_chassis.services import load_services

if "items" not in load_services():
    sys.exit("The bench measures the items service, which services.toml no longer has.")
