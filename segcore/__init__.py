"""Train, evaluate and compare two semantic-segmentation models on street scenes."""

import os

# TensorFlow reads it when it is imported. Of itself it takes oneDNN's kernels only on processors
# with AVX-512; on one with AVX2 the DANet trains 2.5 times as fast with them (docs/measurements.md).
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
