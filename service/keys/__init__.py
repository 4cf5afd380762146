"""Clients' keys: the file of their hashes, who a key belongs to, and what each may take."""
