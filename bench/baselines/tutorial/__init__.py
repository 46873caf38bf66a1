"""The tutorial's way: FastAPI's tutorials put together."""
