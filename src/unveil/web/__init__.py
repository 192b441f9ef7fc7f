"""The web page: obfuscate, restore and audit photos in a browser on the same machine.

Needs the extra ``web``.

::

    browser --- page.py (Gradio: the layout) --- visits.py (one request, one answer)
                                                  |
                                              worker.py (one process, can be killed)
                                                  |
                                              answers.py (calls the library)
"""
