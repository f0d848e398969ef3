"""Data: sources, preparing them to arrays, and counting what they hold."""
