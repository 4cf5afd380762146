"""One video to one answer: the options, the policy's decisions, what they select, the answer."""
