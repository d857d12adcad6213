"""Networks as ONNX graphs: written from Keras layers, sealed, and run by ONNX Runtime."""
