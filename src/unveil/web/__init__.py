"""The page and the service: check, hide and restore photos and short videos.

Needs the extra ``web``.

::

    browser, programs --- listening.py (a port) --- door.py (who is let in)
                                                       |
                                    application.py (the files of page/, the endpoints)
                                                       |
               fields.py, forms.py (what is asked) --- service.py (one answer at a time)
                                                       |
                                    worker.py (one process, can be killed)
                                                       |
                                    answers.py: checking, hiding, restoring, clips
"""
