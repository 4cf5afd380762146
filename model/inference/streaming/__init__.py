"""A long video or a live source, segment by segment: windows, cuts, a ceiling kept on the way."""
