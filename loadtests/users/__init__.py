"""Who loads the stack: a file for each kind of user. The weights say how many of ten are of a kind."""
