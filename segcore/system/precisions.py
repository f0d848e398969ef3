"""What networks are computed in: bfloat16 where the device is fast in it."""

from segcore.system import devices

BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
"""Flags of a processor that computes in bfloat16."""

BFLOAT16_CAPABILITY = (8, 0)
"""CUDA compute capability from which NVIDIA's chips compute in bfloat16 (Ampere)."""


def training_policy(*, bfloat16_on_cpu: bool) -> str:
    """Keras' policy of a training: bfloat16, which needs no loss scaling, where the device has it.

    Args:
        bfloat16_on_cpu: whether the network is to be trained in it on a processor too.
    """
    if not bfloat16_on_cpu and not devices.gpus():
        return "float32"
    return "mixed_bfloat16" if has_bfloat16() else "float32"


def has_bfloat16() -> bool:
    """Whether the device computes in bfloat16; emulating it is ten times slower than float32."""
    if not devices.gpus():
        return _processor_has_bfloat16()
    return all(capability >= BFLOAT16_CAPABILITY for _, capability in devices.gpu_details())


def processor_precisions() -> tuple[str, ...]:
    """What networks may be computed in on the processor, fastest first."""
    return ("bf16", "f32") if _processor_has_bfloat16() else ("f32",)


def _processor_has_bfloat16() -> bool:
    return bool(BFLOAT16_FLAGS & set(devices.cpu_info("flags").split()))
