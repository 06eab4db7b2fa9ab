"""The base of every error that is shown to a person without a traceback."""


class StadiError(Exception):
    """Something went wrong that a person can understand and mend."""
