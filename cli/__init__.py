"""The adamml command: one small file a subcommand."""
