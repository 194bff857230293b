"""From a run to weights that ship: safetensors and ONNX."""
