"""Other systems of adaptive recognition and controls, on the features that ours decides by."""
