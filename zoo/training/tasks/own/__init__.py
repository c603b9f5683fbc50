"""Tasks on a user's own files. Their options name the paths."""
