"""Every refusal: its code, its status, its words."""
