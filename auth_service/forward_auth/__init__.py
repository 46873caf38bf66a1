"""Forward-auth: a proxy asks, before it passes a request on, whether whoever sent it may have it."""
