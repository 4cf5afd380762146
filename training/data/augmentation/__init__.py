"""What is drawn anew in every epoch."""
