"""Whether an error says that memory ran out, of the machine or of a GPU."""

import sys


def is_out_of_memory(error: BaseException) -> bool:
    """Python's own error, which NumPy's is too, or that of a backend, which is loaded then."""
    kinds: list[type[BaseException]] = [MemoryError]
    if tensorflow := sys.modules.get("tensorflow"):
        kinds.append(tensorflow.errors.ResourceExhaustedError)
    if jax := sys.modules.get("jax"):  # whose errors have their status in their text alone
        is_status = str(error).startswith("RESOURCE_EXHAUSTED")
        kinds += [jax.errors.JaxRuntimeError] * is_status
    return isinstance(error, tuple(kinds))
