"""Where a training ran, for the model's card."""

import os
import platform
from pathlib import Path

import keras

CPUINFO = Path("/proc/cpuinfo")
BFLOAT16 = {"amx_bf16", "avx512_bf16"}  # flags of processors that multiply it themselves


def describe_machine() -> str:
    """Processor, cores, the accelerator that the backend found, and the backend."""
    parts = [f"{_processor()}, {os.cpu_count()} cores", *_accelerator()]
    return f"{' with '.join(parts)} ({keras.backend.backend()})"


def multiplies_bfloat16() -> bool:
    """A processor that only imitates bfloat16 trains sixteen times slower with it than with float32."""
    return bool(BFLOAT16.intersection(_about_processor("flags").split()) or _accelerator())


def _processor() -> str:
    return _about_processor("model name") or platform.processor() or platform.machine()


def _about_processor(name: str) -> str:
    """What Linux says of the first processor, or nothing."""
    lines = CPUINFO.read_text().splitlines() if CPUINFO.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def _accelerator() -> list[str]:
    match keras.backend.backend():
        case "torch":
            import torch

            return [torch.cuda.get_device_name()] if torch.cuda.is_available() else []
        case "jax":
            import jax

            return [device.device_kind for device in jax.devices()[:1] if device.platform != "cpu"]
        case _:
            import tensorflow as tf

            found = tf.config.list_physical_devices("GPU")
            return [tf.config.experimental.get_device_details(found[0]).get("device_name", "GPU")] if found else []
