"""Train, evaluate and compare two semantic-segmentation models on street scenes."""
