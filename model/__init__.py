"""The recogniser: from a video file to labels, decisions and the compute that was spent."""
