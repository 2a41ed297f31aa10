"""Export of a node as an ONNX file, for the runtimes and tools that read one."""
