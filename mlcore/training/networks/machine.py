"""The machine that a training runs on: its description for the model's card, and what it is fast at."""

import os
import platform
from pathlib import Path

import keras

CPUINFO = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}  # of processors that multiply bfloat16 in hardware


def describe_machine() -> str:
    """Name the processor, its cores, the accelerator that the backend found, and the backend."""
    parts = [f"{_processor_name()}, {os.cpu_count()} cores", *_accelerator_names()]
    return f"{' with '.join(parts)} ({keras.backend.backend()})"


def has_fast_bfloat16() -> bool:
    """Tell if bfloat16 is fast here; a processor that emulates it trains 16 times slower than with float32."""
    return bool(BFLOAT16_FLAGS.intersection(_cpuinfo("flags").split()) or _accelerator_names())


def _processor_name() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpuinfo(name: str) -> str:
    """Return what Linux reports about the first processor, or an empty string."""
    lines = CPUINFO.read_text().splitlines() if CPUINFO.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def _accelerator_names() -> list[str]:
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
