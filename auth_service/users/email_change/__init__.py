"""Another mail address, proven by a link that is mailed to it."""
