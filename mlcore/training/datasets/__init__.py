"""Datasets: MNIST, synthetic digits and strips, their augmentation, and the epochs made of them."""
