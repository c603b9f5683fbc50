"""From a user's own file or folder to an experiment: what it is, what reads it, what model fits it."""
