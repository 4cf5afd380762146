"""Producing checkpoints: data, stages, evaluation. Imports model, never service."""
