"""The least that an ASGI application can do: what is left of a request then is the server's."""
