"""What a user can mend: one clear line, exit code 2."""


class UserError(Exception):
    """Its message is all that the user is shown."""
