"""One recognition network alone."""
