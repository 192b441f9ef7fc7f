"""Several frames tell more than one: what a mosaic hides in one frame, the next may show.

A mosaic or a blur that stands still over a moving face measures the face anew in every frame.
Frames are registered through the operator (``motion``) and one picture is found that explains
them all (``solve``); ``window`` does both to a window of frames. After M. Irani and S. Peleg,
"Improving resolution by image registration", 1991.
"""
