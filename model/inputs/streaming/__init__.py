"""A video's segments one after the other, in memory that does not grow with its length."""
