"""The OAuth 2.0 endpoints: token, authorize, revoke, introspect, and the metadata about them."""
