"""Pure functions from what children answered to the figures of a report."""

import math
import statistics
from collections.abc import Callable


def spread(values: list[float]) -> dict:
    """Give median, lowest and highest of some figures, how many they are, and all of them."""
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
        "n": len(values),
        "all": values,
    }


def epoch_seconds(answer: dict) -> float:
    """Give the median seconds of one child's epochs, without the first, which compiles."""
    return statistics.median(answer["epoch_seconds"][1:])


def wall_seconds(answer: dict) -> float:
    """Give the seconds from before the process was made until it had ended."""
    return answer["wall_seconds"]


def summaries(found: dict[str, list[dict]], seconds: Callable[[dict], float]) -> dict[str, dict]:
    """Sum up the answers of every row that has any; `seconds` picks the figure that is timed."""
    return {name: _summary(answers, seconds) for name, answers in found.items() if answers}


def _summary(answers: list[dict], seconds: Callable[[dict], float]) -> dict:
    return {
        "seconds": spread([seconds(answer) for answer in answers]),
        "test_accuracy": spread([answer["test_accuracy"] for answer in answers]),
        "peak_megabytes": max(answer["peak_megabytes"] for answer in answers),
        "load_before": [answer["load_before"] for answer in answers],
        "marks": [answer["marks"] for answer in answers],
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
