"""The hyper-parameter search: Optuna over the same training, shared through a database."""
