"""tenfold's `fit` as an installation without a compiler runs it: XLA's operations alone."""

import tenfold  # before Keras: it picks the backend
from contestants import tenfold_fit
from tenfold.engine.cpu import kernels

if __name__ == "__main__":
    tenfold.fit  # noqa: B018 - loads what is replaced here
    kernels.library = lambda: kernels.Library(False, "left out for the comparison")
    tenfold_fit.main()
