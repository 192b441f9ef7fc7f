"""The web page: Obfuscate, Restore and Audit in a browser, on this machine only; extra ``web``.

::

    browser --- page.py (Gradio: what is shown) --- visits.py (one question, one answer)
                                                        |
                                                    worker.py (one process that can be stopped)
                                                        |
                                                    answers.py (the library)
"""
