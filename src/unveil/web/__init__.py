"""The page: obfuscate, restore and audit in a local browser.

Needs the extra ``web``.

::

    browser --- page.py (Gradio: what is shown) --- visits.py (one question, one answer)
                                                        |
                                                    worker.py (one process that can be stopped)
                                                        |
                                                    answers.py (the library)
"""
