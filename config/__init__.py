"""Configuration of all processes. Importing it makes every file and folder that they create private."""

import os

os.umask(0o077)  # the database, the journals, dumps and logs; what nginx serves gets its permissions from settings
