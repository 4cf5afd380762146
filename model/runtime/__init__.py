"""Executing networks: bundles with OpenVINO, checkpoints with torch."""
