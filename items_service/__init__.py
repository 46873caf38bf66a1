"""Items, each owned by a user."""
