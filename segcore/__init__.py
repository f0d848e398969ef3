"""Train, evaluate and compare two semantic-segmentation models on street scenes."""

import os

# So that the keras.json of someone's other projects does not decide; the variable itself may.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
