"""Documents of several pages: PDF and TIFF files, whose pages become pictures."""
