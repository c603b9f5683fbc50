"""Initial weights: schemes, options, and what fills the layers of a module."""
