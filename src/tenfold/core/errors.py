"""The exceptions and warnings of tenfold, and their text."""

import re
import warnings

_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;]*m")  # bold text in messages of Keras


class InputError(ValueError):
    """Unusable input, described in one line: what was received, what is allowed, what to do.

    The command line prints it to stderr without a traceback and exits with code 2.
    """


class TenfoldWarning(UserWarning):
    """A result that needs attention, in one line; the command line prints it to stderr."""


class InputWarning(TenfoldWarning):
    """Doubtful input that is used all the same."""


class NoDigitError(InputError):
    """A readable picture without digits."""


def warn(message: str) -> None:
    """Issue a ``TenfoldWarning``."""
    warnings.warn(message, TenfoldWarning, stacklevel=3)


def one_line(error: BaseException, limit: int = 300) -> str:
    """Return the type and message of an exception in one line.

    Example:
        >>> one_line(ValueError("not\\n  so"))
        'ValueError: not so'
    """
    message = " ".join(_TERMINAL_CODE.sub("", str(error)).split())[:limit]
    return ": ".join(filter(None, [type(error).__name__, message]))
