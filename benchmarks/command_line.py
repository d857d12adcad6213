"""What the scripts share on the command line: options, progress on stderr, JSON at the end."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path


def make_parser(description: str) -> argparse.ArgumentParser:
    """Make a parser that shows a module's docstring as it is, with the option `--json`."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the JSON to a file")
    return parser


def choices(allowed: list[str]) -> Callable[[str], list[str]]:
    """Make the parser of a comma-separated list of known names."""

    def parse(text: str) -> list[str]:
        names = [name.strip() for name in text.split(",") if name.strip()]
        unknown = [name for name in names if name not in allowed]
        if unknown:
            message = f"{', '.join(unknown)}; known are {', '.join(allowed)}"
            raise argparse.ArgumentTypeError(message)
        return names

    return parse


def at_least(lowest: int) -> Callable[[str], int]:
    """Make the parser of a whole number with a lower limit."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < lowest:
            raise argparse.ArgumentTypeError(f"{text}; a whole number from {lowest} up is needed")
        return int(text)

    return parse


def log(line: str) -> None:
    """Print a line of progress to stderr."""
    print(line, file=sys.stderr, flush=True)


def rounded(report: dict) -> dict:
    """Round all floating-point values of a report to four decimals."""
    return json.loads(json.dumps(report), parse_float=lambda text: round(float(text), 4))


def write_json(report: dict, path: Path | None) -> None:
    """Write the report as one line of JSON to a file, if one is given."""
    if path:
        path.write_text(json.dumps(report) + "\n")


def print_json(report: dict, path: Path | None = None) -> None:
    """Print the report as one line of JSON, and write it to a file, if one is given."""
    print(f"\n{json.dumps(report)}")
    write_json(report, path)
