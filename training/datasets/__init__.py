"""Where samples come from: manifests, folders, and the annotations of published data sets."""
