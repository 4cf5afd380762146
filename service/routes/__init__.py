"""One module a resource, with its parameters and answers."""
