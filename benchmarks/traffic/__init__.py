"""Measurements of a running service, and of watching, under what clients and sources send."""
