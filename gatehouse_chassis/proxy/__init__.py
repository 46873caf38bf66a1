"""Proxy safety: the public prefix, forwarded headers, redirects, and the check of routes at start."""
