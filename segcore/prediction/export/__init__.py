"""A run's network for other programs: ONNX, LiteRT, OpenVINO or TensorFlow's SavedModel.

It is checked against Keras before it is handed over, on rendered streets, and refused where it says
anything else.
"""

from segcore.prediction.export.formats import FORMATS, OUTPUTS

__all__ = ["FORMATS", "OUTPUTS"]
