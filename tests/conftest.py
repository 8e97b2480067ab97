"""What all tests share: one thread each, since they run side by side."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
