"""From a media file to the networks' arrays, decoding only what is looked at."""
