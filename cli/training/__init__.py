"""Commands around training: data, runs, what they reached, and models in other forms."""
