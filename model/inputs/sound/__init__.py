"""Decoding the sound of segments, and its spectrograms."""
