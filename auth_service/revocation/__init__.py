"""What ends a token early, and the published status list that tells of it."""
