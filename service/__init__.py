"""The HTTP service around one classifier."""
