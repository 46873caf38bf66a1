"""Who you are: users, their sessions, and the tokens and keys that prove it."""
