"""Training networks: data, objectives, the loop, evaluation."""
