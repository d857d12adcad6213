"""The one exception that tenfold raises for bad input."""


class InputError(ValueError):
    """Input that cannot be used, told in one line: what came, what is allowed, what to do.

    The command line prints it to stderr without a traceback and exits with code 2.
    """


class NoDigitError(InputError):
    """A picture that can be read, but no digit is in it."""
