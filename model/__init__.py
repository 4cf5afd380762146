"""The recogniser: what it is, what it eats, what it costs, and how one video is classified."""
