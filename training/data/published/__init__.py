"""The official annotation files of published data sets, made into manifests."""
