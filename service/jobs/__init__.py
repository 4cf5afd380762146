"""Jobs: videos that are classified in the background, by processes that may come and go."""
