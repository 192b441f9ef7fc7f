"""The web page: obfuscate, restore and audit photos in a browser on the same machine.

Needs the extra ``web``.

::

    browser --- listening.py (a port) --- door.py (this machine's own only)
                                             |
                                          visitors.py, questions.py (what the page asks)
                                             |
                                          page.py (Gradio: the layout) --- visits.py (one answer)
                                                                              |
                                                       worker.py (one process, can be killed)
                                                                              |
                                                       answers.py (calls the library)
"""
