"""Bring the stack up, look at it and take it down, with Docker or as local processes (`make up`).

Everything here needs the standard library only: it runs before any package is installed.
"""
