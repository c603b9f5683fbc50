"""Weights in: files of several kinds are read without running code in them, and what does not fit is named."""
