"""Where a training ran, for the model's card."""

import os
import platform
from pathlib import Path

import keras


def describe_machine() -> str:
    """Processor, cores, the accelerator that the backend found, and the backend."""
    parts = [f"{_processor()}, {os.cpu_count()} cores", *_accelerator()]
    return f"{' with '.join(parts)} ({keras.backend.backend()})"


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


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
