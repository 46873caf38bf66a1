"""One sign-in for everything that a browser opens here, kept by a cookie."""
