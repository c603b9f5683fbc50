"""Learners: how the outputs of a model become a loss, and the outputs of a split become metrics."""
