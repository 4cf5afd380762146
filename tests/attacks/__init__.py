"""The attack corpus: files and requests that are made to hurt, written by our own code."""
