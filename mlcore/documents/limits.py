"""Limits of the process that renders the pages of a document."""

# Addresses. The libraries take 320 MB of them, nine A4 scans at 300 dpi as a PDF of 39 MB take 420 MB, and a TIFF of 24
# megapixels with an alpha channel, the largest that is accepted, takes 785 MB.
MEMORY_BYTES = 896 * 1024 * 1024
CPU_SECONDS = 15
