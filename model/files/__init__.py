"""What is kept on disk: bundles, checkpoints, and the ways from one format to another."""
