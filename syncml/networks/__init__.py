"""Trained networks from files: ONNX graphs and safetensors or NPZ weights, as nodes of the language."""
