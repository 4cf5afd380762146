"""Pictures of evaluations and of training runs."""
