"""What the overview alone is made of."""
