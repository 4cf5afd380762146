"""Videos, labels, decoded inputs, batches."""
