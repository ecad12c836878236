"""Networks: their architectures, their training with Keras, checkpoints, and the export to ONNX."""
