from recognizer.startup.unused_imports import import_drf_spectacular

import_drf_spectacular()
