"""What a user can mend."""


class DeployError(Exception):
    """Something the user can mend: its text says what is wrong, why, and what mends it."""

    exit_status = 1


class UsageRefused(DeployError):
    """What was asked for cannot be done as it was asked, and nothing was changed."""

    exit_status = 2
