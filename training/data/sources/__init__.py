"""Folders and manifests: which videos there are, with labels and splits."""
