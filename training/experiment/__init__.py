"""Tables of many runs: suites, seeds, scores, results."""
