"""The routes of the items service."""
