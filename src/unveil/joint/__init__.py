"""Several frames tell more than one: what a mosaic hides in one frame, the next may show.

A mosaic or a blur that stands still over a moving face measures the face anew in every frame.
Frames are registered through the operator (:mod:`unveil.joint.motion`) and one picture is found
that explains them all (:mod:`unveil.joint.solve`); :mod:`unveil.joint.window` does both to a window
of frames. After M. Irani and S. Peleg, "Improving resolution by image registration", 1991.
"""
