"""A run of a model that others trained: evaluated, reported, served, compared and exported.

- ``importer``: ``import_model``
- ``files``: the model in a file, folder or archive, and the names of its classes
- ``keras_file``, ``onnx_file``: networks of Keras, and of ONNX, read by ``tenfold.export.foreign``
- ``input_values``: the values that the network is fed for black and white
- ``wiring``: how its outputs become probabilities
"""
