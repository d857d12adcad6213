"""Foundations that every other package may use.

``errors``, ``limits``, ``image_shape``, ``read_options``; ``files`` (atomic writes), ``folders``,
``places`` (paths and URLs), ``mirror`` (of folders elsewhere), ``patience`` (with storage);
``scratch`` (temporary folders), ``locks``, ``cache``, ``checksums``, ``download``; ``assets``
(packed files), ``html_page``;
``backend`` (Keras on JAX), ``keras_import`` (what importing it leaves out).
"""
