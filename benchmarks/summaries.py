"""Pure functions from the results of child processes to the figures of a report."""

import math
import statistics
from collections.abc import Callable


def spread(values: list[float]) -> dict:
    """Return median, minimum, maximum, number and all of some values."""
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
        "n": len(values),
        "all": values,
    }


def spread_by_key(results: list[dict]) -> dict[str, dict]:
    """Return the spread of each value of results with equal keys."""
    return {key: spread([result[key] for result in results]) for key in results[0]}


def epoch_seconds(result: dict) -> float:
    """Return the median seconds of one child's epochs, without the first, which compiles."""
    return statistics.median(result["epoch_seconds"][1:])


def wall_seconds(result: dict) -> float:
    """Return the seconds from before the process existed until it had ended."""
    return result["wall_seconds"]


def summaries(results: dict[str, list[dict]], seconds: Callable[[dict], float]) -> dict[str, dict]:
    """Summarise the results of each row that has any; `seconds` selects the time to report."""
    return {name: _summary(of_row, seconds) for name, of_row in results.items() if of_row}


def _summary(results: list[dict], seconds: Callable[[dict], float]) -> dict:
    return {
        "seconds": spread([seconds(result) for result in results]),
        "test_accuracy": spread([result["test_accuracy"] for result in results]),
        "peak_megabytes": max(result["peak_megabytes"] for result in results),
        "load_before": [result["load_before"] for result in results],
        "marks": [result["marks"] for result in results],
    }


def ratios(rows: dict[str, dict], base: str) -> dict[str, float]:
    """Divide every other row's median seconds by those of the row `base`; empty without it."""
    if base not in rows:
        return {}
    own = rows[base]["seconds"]["median"]
    return {name: row["seconds"]["median"] / own for name, row in rows.items() if name != base}


def geometric_means(by_network: list[dict[str, float]]) -> dict[str, dict]:
    """Average each peer's ratios over networks, with the number of networks behind each mean."""
    peers = dict.fromkeys(peer for row in by_network for peer in row)
    return {peer: _mean([row[peer] for row in by_network if peer in row]) for peer in peers}


def _mean(values: list[float]) -> dict:
    mean = math.exp(statistics.fmean(math.log(value) for value in values))
    return {"ratio": mean, "networks": len(values)}
