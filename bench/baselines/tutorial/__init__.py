"""The tutorial's way: what somebody has who put FastAPI's tutorials together."""
