"""The engine beside stock LibTorch, ONNX Runtime and OpenVINO: the same models, in turn, in one run.

`zoo benchmark` runs it. The peers are the optional extra `bench`; a line names each one that is not installed.
"""
