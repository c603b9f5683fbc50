"""The second seam: a module becomes a model file, with everything that proves it in C++."""
