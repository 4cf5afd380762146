"""Clips drawn at random, coded so that frame and moment can be read back from the inputs."""
