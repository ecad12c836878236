"""Limits of the gate. Pages show them too, without the modules that compute the checks."""

MAX_LOSS = 0.002  # of the share of digits that are read right
MAX_DIGIT_LOSS = 0.003  # the same of one digit, such as all sevens
MAX_HAND_LOSS = 0.04  # of the mean probability of what was written, in one style of handwriting
MAX_NUMBER_LOSS = 0.015  # of the share of numbers that are read exactly
MAX_SURE_WRONG = 0.003  # share of the sure digits that are wrong, as the model card allows
MAX_SURE_NEGATIVES = 0.03  # share of negatives that are sure digits, as the model card allows
MAX_CALIBRATION_ERROR = 0.01
