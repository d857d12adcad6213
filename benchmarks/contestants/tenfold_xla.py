"""tenfold's `fit` with XLA's operations alone, as without a C++ compiler."""

import tenfold  # before Keras: it picks the backend
from contestants import tenfold_fit
from tenfold.engine.cpu import kernels

if __name__ == "__main__":
    tenfold.fit  # noqa: B018 - imports the module that is patched below
    kernels.library = lambda: kernels.Library(False, "disabled for the comparison")
    tenfold_fit.main()
