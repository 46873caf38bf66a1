"""Access tokens at a service: bearer scheme, checks, issuer keys, status list, resource metadata."""
