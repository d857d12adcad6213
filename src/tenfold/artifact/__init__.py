"""The artifact: trained networks as one ONNX file that carries all it needs, verified."""
