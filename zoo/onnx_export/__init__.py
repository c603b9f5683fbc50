"""ONNX out: models as ONNX graphs with native recurrent nodes, of any batch and length, that prove themselves."""
