"""Checking access tokens without asking the auth service: bearer scheme, keys, status list, metadata."""
