"""What a file is, before any of it is decoded: streams, packets, duration."""
