"""Sounds for training and for judging: effects, speech by espeak-ng, conditions outside a quiet room."""
