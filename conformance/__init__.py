"""The conformance matrix: every proxy, way and server, held to the same cases."""
