"""Measures what the project promises about speed, as ratios in one run: `make bench`."""
