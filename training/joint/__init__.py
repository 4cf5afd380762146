"""Policy and recognition together: the paper's three stages, the efficiency loss."""
