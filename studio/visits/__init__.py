"""Visits: what each keeps in memory, who asks, and how much each may ask for."""
