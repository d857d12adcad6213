"""Cross-validation in scikit-learn: tenfold's classifier beside MLPClassifier.

What is measured
    `cross_val_score(classifier, X, y, cv=10)` on scikit-learn's 1,797 digits of 8x8, in a fresh
    process for each: `NetworkClassifier()` and `MLPClassifier()` with their defaults, and
    `NetworkClassifier("quick", epochs=20)`, which has convolutions.

How
    Each process imports, loads the digits, then measures the call. `first` has compilation in it,
    with an empty cache of tenfold; `again` repeats the call in the same process. Seconds are wall
    clock, and CPU time of all threads, which is more reliable on a shared machine. Accuracy is the
    mean over folds. A round runs each once; the table has median, minimum and maximum.

    python benchmarks/cross_validation.py               # some minutes
    python benchmarks/cross_validation.py --repeats 1 --contestants network,mlp
"""

import json
import os
import sys
import tempfile

from command_line import at_least, choices, log, make_parser, print_json
from machine import machine
from processes import CPU_ONLY, run_process
from summaries import spread_by_key
from tables import median_range, print_table

CLASSIFIERS = {
    "network": "tenfold.sklearn.NetworkClassifier(random_state=0)",
    "quick": "tenfold.sklearn.NetworkClassifier('quick', epochs=20, random_state=0)",
    "mlp": "sklearn.neural_network.MLPClassifier(random_state=0)",
}
PROGRAM = """
import json, sys, time, warnings
import sklearn.neural_network, tenfold.sklearn
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
warnings.simplefilter("ignore")
classifier, repeated = eval(sys.argv[1]), sys.argv[2] == "again"
X, y = load_digits(return_X_y=True)
result = {}
for name in ("first", "again")[: 1 + repeated]:
    wall, processor = time.perf_counter(), time.process_time()
    accuracy = cross_val_score(classifier, X, y, cv=10).mean()
    result[f"{name}, seconds"] = time.perf_counter() - wall
    result[f"{name}, CPU seconds"] = time.process_time() - processor
print(json.dumps(result | {"accuracy": accuracy}))
"""


def run(name: str) -> dict[str, float]:
    """Cross-validate one classifier in a fresh process with an empty cache."""
    repeated = "once" if name == "mlp" else "again"  # it compiles nothing
    with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as cache:
        environment = os.environ | CPU_ONLY | {"TENFOLD_CACHE": cache}
        command = [sys.executable, "-c", PROGRAM, CLASSIFIERS[name], repeated]
        return json.loads(run_process(command, environment).output)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--repeats", type=at_least(1), default=3, help="rounds; 3")
    names = list(CLASSIFIERS)
    parser.add_argument("--contestants", type=choices(names), default=names, help="only these")
    options = parser.parse_args()
    rounds: dict[str, list] = {name: [] for name in options.contestants}
    for turn in range(options.repeats):
        log(f"round {turn + 1} of {options.repeats}")
        for name, results in rounds.items():
            results.append(run(name))
    figures = {name: spread_by_key(results) for name, results in rounds.items()}
    columns = list(dict.fromkeys(key for row in figures.values() for key in row))
    rows = [
        [CLASSIFIERS[name], *(median_range(row[key]) if key in row else "-" for key in columns)]
        for name, row in figures.items()
    ]
    print_table("Ten folds of 8x8 digits", ["", *columns], rows)
    print_json({"machine": machine(), "cross_validation": figures}, options.json)


if __name__ == "__main__":
    main()
