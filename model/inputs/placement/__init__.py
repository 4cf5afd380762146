"""Where segments and their frames lie in time: pure arithmetic, no file is touched."""
