"""Plain text tables of a report's figures."""

from collections.abc import Callable, Iterable, Sequence


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under a header; the first column is aligned left, the others right."""
    lines = [tuple(header), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    print(f"\n{title}\n")
    for line in lines:
        first, *others = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join([first, *(cell.strip().rjust(len(cell)) for cell in others)]))


def median_range(spread: dict, decimals: int = 2, scale: float = 1) -> str:
    """Format a spread as its median (minimum-maximum), or as the only value.

    Example:
        >>> median_range({"median": 2, "low": 1, "high": 4, "n": 3}, 1)
        '2.0 (1.0-4.0)'
    """
    median, low, high = (
        f"{scale * spread[key]:,.{decimals}f}" for key in ("median", "low", "high")
    )
    return median if spread["n"] == 1 else f"{median} ({low}-{high})"


def by_network(
    title: str, networks: dict[str, dict], names: Sequence[str], cell: Callable[[dict], str]
) -> None:
    """Print one row a network and one column a contestant; a dash where there is no figure."""
    rows = []
    for network, result in networks.items():
        contestants = result["contestants"]
        rows.append(
            [network, *(cell(contestants[name]) if name in contestants else "-" for name in names)]
        )
    print_table(title, ["", *names], rows)


def print_epochs(result: dict, names: Sequence[str]) -> None:
    """Print the steady state: seconds, ratios, memory, accuracy."""
    networks, means = result["networks"], result["geometric_means"]
    by_network(
        "Seconds per epoch, steady state: median (lowest-highest)", networks, names, _seconds
    )
    peers = [name for name in names if name in means]
    rows = [
        [network, *(_ratio(figures["ratios"].get(name)) for name in peers)]
        for network, figures in networks.items()
    ]
    counts = {means[name]["networks"] for name in peers}
    over = "/".join(map(str, sorted(counts)))
    rows.append(
        [f"geometric mean, {over} dense", *(_ratio(means[name]["ratio"]) for name in peers)]
    )
    print_table("Times as long as tenfold, per epoch", ["", *peers], rows)
    by_network("Peak memory, MiB", networks, names, lambda row: f"{row['peak_megabytes']:.0f}")
    epochs = result["epochs"]
    by_network(f"Test accuracy, % after {epochs} epochs: median", networks, names, _accuracy)


def print_processes(title: str, rows: dict[str, dict], ratios: dict[str, dict]) -> None:
    """Print whole processes: seconds, ratios to each row of tenfold's, memory, accuracy."""
    states = [base.rpartition(", ")[2] for base in ratios]
    header = ["", "seconds", *(f"/ {state}" for state in states), "peak MiB", "test %"]
    cells = [
        [
            name,
            _seconds(row),
            *(_ratio(to_base.get(name)) for to_base in ratios.values()),
            f"{row['peak_megabytes']:.0f}",
            _accuracy(row),
        ]
        for name, row in rows.items()
    ]
    print_table(title, header, cells)


def _seconds(row: dict) -> str:
    return median_range(row["seconds"])


def _accuracy(row: dict) -> str:
    return f"{100 * row['test_accuracy']['median']:.2f}"


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"
