"""Training networks: data, objectives, the loop, and evaluation on the test split."""
