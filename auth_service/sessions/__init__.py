"""Sign-ins and their refresh tokens."""
