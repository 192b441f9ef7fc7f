"""Video files to pictures and back, through PyAV (FFmpeg); the extra ``video``.

=========  ====================================================================
opening    is it a video that can be worked on?
info       what is to be known of a clip before its first picture is changed
layout     how a picture's samples lie in memory: chroma, bits
colour     samples to colours and back, by the stream's own range and matrix
turn       pictures that the player turns upright
reading    pictures in the order in which they are shown
painting   what is done to them, and only where
chunks     a few pictures at a time
ahead      stages side by side, with a few pictures between them
codecs     what can be written, and how well
writing    pictures and the other streams into one file, whole or not at all
process    all of it, from file to file
=========  ====================================================================
"""
