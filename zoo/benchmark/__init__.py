"""The engine beside stock LibTorch, ONNX Runtime and OpenVINO: the same models, in turn, in one run.

`scripts/benchmark.py` is its front. The peers are the optional extra `bench`; those that are not installed are left
out, with a line that says so.
"""
