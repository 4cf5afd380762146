"""Decoding the frames that segments need."""
