"""The TOML file of a run, and the model spec that it makes."""
