"""A small audio-visual data set by ffmpeg, of which is known what carries the label, and when."""
