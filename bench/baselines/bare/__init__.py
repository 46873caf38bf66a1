"""A bare FastAPI application: no database, no token, no middleware; answers of the size of ours."""
