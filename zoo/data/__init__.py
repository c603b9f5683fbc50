"""Real data sets, as tensors (JapaneseVowels: numpy arrays); each loader says where its data comes from."""
