"""The keys that sign tokens, and their rotation."""
