"""The accuracy/compute curve on validation, what it promises, and the point to serve with."""
