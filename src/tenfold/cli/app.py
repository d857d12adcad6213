"""The application: how a command begins, how it ends, and options that several share."""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from tenfold.cli.scale_options import with_ray_address
from tenfold.core.errors import InputError, TenfoldWarning
from tenfold.core.scratch import remove_scratch

INTERRUPTED = 130

app = typer.Typer(
    help="Train, evaluate and ship image classifiers for MNIST-format data, in seconds.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)

RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]


def out_option(text: str, metavar: str | None = None) -> Any:
    """The option ``--out``, or ``-o``, of a command that writes a file or folder."""
    return typer.Option("--out", "-o", metavar=metavar, help=text)


AsJson = Annotated[bool, typer.Option("--json", help="Print it all as JSON.")]


def run() -> NoReturn:
    """Run the command line as a process of its own, which ends at once.

    Taking JAX down takes about a second, when all is written and nothing is left to do.
    """
    code: Any = 0
    os.environ["MPLBACKEND"] = "agg"  # a notebook's backend is not installed in every environment
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # characters that the console lacks are escaped
            stream.reconfigure(errors="backslashreplace")
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    remove_scratch()
    os._exit(code)


def main() -> None:
    """Run the command line; bad input is one line on stderr and exit code 2."""
    usage_error: Any = typer.BadParameter.__base__  # the parser's UsageError
    try:
        with _warnings_in_one_line():
            code = app(with_ray_address(sys.argv[1:]), standalone_mode=False) or 0
    except InputError as error:
        _stop(str(error))
    except usage_error as error:
        command = error.ctx.command_path if error.ctx else "tenfold"
        _stop(f"{error.format_message().rstrip('.')}; see {command} --help")
    except BrokenPipeError:  # whoever read our output has seen enough
        code = 0
    except OSError as error:
        _stop(f"{error.filename or 'file'}: {error.strerror or error}")
    except (KeyboardInterrupt, typer.Abort) as error:
        _stop(str(error) or "stopped", code=INTERRUPTED)
    if code == INTERRUPTED:  # the parser's own way to report Ctrl-C
        _stop("stopped", code=INTERRUPTED)
    sys.exit(code)


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Show warnings of tenfold in one line each, without the place in the code."""
    with warnings.catch_warnings():
        original, shown = warnings.showwarning, set[str]()

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, TenfoldWarning):
                if str(message) not in shown:
                    typer.echo(f"tenfold: warning: {message}", err=True)
                shown.add(str(message))
            else:
                original(message, category, *place, **more)

        warnings.simplefilter("always", TenfoldWarning)
        warnings.showwarning = show
        yield


def _stop(message: str, code: int = 2) -> NoReturn:
    line = " ".join(message.split())
    typer.echo(f"tenfold: {line}", err=True)
    sys.exit(code)


def echo_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False))


def _version(value: bool) -> None:
    if value:
        import tenfold

        typer.echo(f"tenfold {tenfold.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _app(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def for_each(paths: Sequence[Path], action: Callable[[Path], None], done: str) -> None:
    """Call a function for each path; with several, a failure does not stop the others.

    Args:
        paths: in their order.
        action: the function.
        done: what it does, for messages, such as ``read``.

    Raises:
        InputError: the function failed for a path.
    """
    failed = []
    for path in paths:
        try:
            action(path)
        except InputError as error:
            if len(paths) == 1:
                raise
            prefix = "" if str(path) in str(error) else f"{path}: "
            typer.echo(f"tenfold: {prefix}{error}", err=True)
            failed.append(str(path))
    if failed:
        raise InputError(f"{len(failed)} of {len(paths)} not {done}: {', '.join(failed)}")


@contextmanager
def interruptible() -> Iterator[None]:
    """Keep what Ctrl-C has to say from the parser, which drops it."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise typer.Abort(str(error)) from None
