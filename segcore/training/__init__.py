"""Training: a recipe and data in, a run out. `session.train` is the way in."""
