"""Prediction: an image in, labels and probabilities at its own size out."""
