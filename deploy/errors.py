"""What a user can mend."""


class DeployError(Exception):
    """Something the user can mend: its text says what is wrong, why, and what mends it."""
