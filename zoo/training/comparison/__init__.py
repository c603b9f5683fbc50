"""All families side by side: equal parameter counts, one way to train for each data set."""
