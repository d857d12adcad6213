"""A scikit-learn estimator on the compiled engine; needs the extra ``tenfold[sklearn]``.

- ``classifier``: ``NetworkClassifier``, a recipe's network as a scikit-learn classifier
- ``parameters``: the fields of a recipe as its parameters
- ``features``: the scale and the image shape of features
- ``shared``: networks and compiled programs that all estimators of one architecture share
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenfold.sklearn.classifier import NetworkClassifier as NetworkClassifier

__all__ = ["NetworkClassifier"]


def __getattr__(name: str) -> Any:
    """Import scikit-learn only when the classifier is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'tenfold.sklearn' has no attribute {name!r}")
    from tenfold.core.errors import InputError

    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise InputError(
            "tenfold.sklearn needs scikit-learn; install it: pip install 'tenfold[sklearn]'"
        ) from None
    from tenfold.sklearn.classifier import NetworkClassifier

    return NetworkClassifier
