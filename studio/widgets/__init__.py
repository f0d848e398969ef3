"""What two or more pages are made of."""
