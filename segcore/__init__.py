"""Train, evaluate and compare two semantic-segmentation models on street scenes."""

import os

# TensorFlow reads it when it is imported. Of itself it takes oneDNN's kernels only on processors
# with AVX-512; with AVX2 alone the DANet trains twice as fast with them (docs/measurements.md).
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# So that the keras.json of someone's other projects does not decide; the variable itself may.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
