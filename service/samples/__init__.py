"""Clips of our own making, for those who have none at hand."""
