"""Train, evaluate and compare two semantic-segmentation models on street scenes."""

from segcore.system import frameworks

frameworks.set_up()
