"""Metrics, logs, and the record of one request that both are made from."""
