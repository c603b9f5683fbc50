"""Time the fused engine beside stock LibTorch, ONNX Runtime and OpenVINO: `--help` has examples."""

from __future__ import annotations

import sys

from zoo.benchmark.command import main

if __name__ == "__main__":
    sys.exit(main())
