"""Synthetic handwriting: pens, strokes, digits, numbers, negatives, and the sheets that they are rendered on."""
