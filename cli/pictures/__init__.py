"""Pictures of one video's answer."""
