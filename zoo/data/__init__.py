"""Real data sets, as numpy arrays; each loader says where its data comes from."""
