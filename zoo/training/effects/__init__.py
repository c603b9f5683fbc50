"""Effects that the literature reports of recurrent nets, looked for with the zoo's own models at a small size."""
