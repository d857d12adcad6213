"""The one exception that tenfold raises for bad input."""


class InputError(ValueError):
    """Input that cannot be used, told in one line: what came, what is allowed, what to do.

    The command line prints it to stderr without a traceback and exits with code 2.
    """


class NoDigitError(InputError):
    """A picture that can be read, but no digit is in it."""


def one_line(error: BaseException, limit: int = 300) -> str:
    """Type and message of an exception in one line.

    Example:
        >>> one_line(ValueError("not\\n  so"))
        'ValueError: not so'
    """
    return f"{type(error).__name__}: {' '.join(str(error).split())[:limit]}"
