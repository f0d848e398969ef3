"""Counts what a network computes, in the graph that runs."""

import math
from typing import Any


def multiply_adds(network: Any, shape: tuple[int, ...]) -> int | None:
    """Multiplications, each with its addition, of a network's convolutions and matrix products.

    Read from the graph that runs, so that no layer is left out. None where the backend is not
    TensorFlow.

    Args:
        shape: of its input, (B, H, W, C).
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    traced = tf.function(lambda image: network(image, training=False))
    graph = traced.get_concrete_function(tf.TensorSpec(shape, tf.float32)).graph
    return sum(_multiply_adds_of(operation) for operation in graph.get_operations())


def _multiply_adds_of(operation: Any) -> int:
    """Multiply-adds of one operation of a TensorFlow graph whose shapes are known."""
    if operation.type in ("Conv2D", "DepthwiseConv2dNative"):
        height, width, channels, _ = operation.inputs[1].shape
        each = height * width * (channels if operation.type == "Conv2D" else 1)
        return int(operation.outputs[0].shape.num_elements() * each)
    if operation.type == "Conv2DBackpropInput":  # a transposed convolution
        height, width, channels, _ = operation.inputs[1].shape
        return int(operation.inputs[2].shape.num_elements() * height * width * channels)
    if operation.type in ("MatMul", "BatchMatMulV2"):
        is_turned = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
        summed = operation.inputs[0].shape[-2 if is_turned else -1]
        return int(operation.outputs[0].shape.num_elements() * summed)
    if operation.type == "Einsum":
        terms = operation.get_attr("equation").decode().partition("->")[0].split(",")
        sides = {
            letter: side
            for term, tensor in zip(terms, operation.inputs, strict=True)
            for letter, side in zip(term, tensor.shape, strict=True)
        }
        return math.prod(int(side) for side in sides.values())
    return 0
