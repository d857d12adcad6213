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


def by_network(
    title: str, networks: dict[str, dict], names: Sequence[str], cell: Callable[[dict], str]
) -> None:
    """Print one row a network and one column a contestant; a dash where there is no figure."""
    rows = []
    for network, found in networks.items():
        contestants = found["contestants"]
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
        [network, *(_times(found["ratios"].get(name)) for name in peers)]
        for network, found in networks.items()
    ]
    counts = {means[name]["networks"] for name in peers}
    over = "/".join(map(str, sorted(counts)))
    rows.append(
        [f"geometric mean, {over} dense", *(_times(means[name]["ratio"]) for name in peers)]
    )
    print_table("Times as long as tenfold, per epoch", ["", *peers], rows)
    by_network("Peak memory, MiB", networks, names, lambda row: f"{row['peak_megabytes']:.0f}")
    epochs = result["epochs"]
    by_network(f"Test accuracy, % after {epochs} epochs: median", networks, names, _accuracy)


def print_processes(title: str, rows: dict[str, dict], ratios: dict[str, dict]) -> None:
    """Print whole processes: seconds, those over each row of tenfold's, memory, accuracy."""
    states = [base.rpartition(", ")[2] for base in ratios]
    header = ["", "seconds", *(f"/ {state}" for state in states), "peak MiB", "test %"]
    cells = [
        [
            name,
            _seconds(row),
            *(_times(found.get(name)) for found in ratios.values()),
            f"{row['peak_megabytes']:.0f}",
            _accuracy(row),
        ]
        for name, row in rows.items()
    ]
    print_table(title, header, cells)


def _seconds(row: dict) -> str:
    found = row["seconds"]
    if found["n"] == 1:
        return f"{found['median']:.2f}"
    return f"{found['median']:.2f} ({found['low']:.2f}-{found['high']:.2f})"


def _accuracy(row: dict) -> str:
    return f"{100 * row['test_accuracy']['median']:.2f}"


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"
