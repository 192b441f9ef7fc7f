"""The tests, in folders named like the rooms of the package.

One thread a process: the suite is spread over processes, and the threads of several, which wait
for each other, would take most of the time. It is read when torch is imported, here and in the
processes that tests start.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
