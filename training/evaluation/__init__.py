"""Measuring a model as it is served, and the tables that tell of it."""
