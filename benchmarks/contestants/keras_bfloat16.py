"""Keras's own `fit` with the policy `mixed_bfloat16`."""

import keras

from contestants import keras_fit

if __name__ == "__main__":
    keras.config.set_dtype_policy("mixed_bfloat16")
    keras_fit.main()
