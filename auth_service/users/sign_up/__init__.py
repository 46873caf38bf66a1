"""Sign-up, confirmed by mail where a mail server is set."""
