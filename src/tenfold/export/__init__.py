"""Export: Keras networks as ONNX model files, and prediction with ONNX Runtime.

Writing: ``network`` builds the graph of networks with the converters of ``layers``,
``foreign`` wraps models of other software whose ``operators`` are known, ``quantization`` reduces
to int8, ``model_file`` adds metadata and the seal.

Reading: ``inspection`` and ``model_file`` verify a file, ``model_card`` its metadata, ``session``
runs it, ``predictor`` is the public interface, a ``classifier`` as a run is, ``model_view`` says
how a model or dataset sees digits: upright, transposed, inverted; ``weights`` reads weights back
for fine-tuning, ``browser`` returns the file as JSON for the page.
"""
