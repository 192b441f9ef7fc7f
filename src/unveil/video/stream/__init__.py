"""Reading and writing of video files through PyAV (FFmpeg); needs the extra ``video``.

=========  ====================================================================
opening    opens a video file, or says why it cannot be used
survey     one pass over the packets: times that begin again, damage, what follows
info       properties of a clip, from its header, its first frame and its packets
layout     sample format: chroma subsampling, bit depth
fields     the order of the fields of interlaced frames
mastering  the display that HDR10 was made on
colour     conversion between YUV and RGB, by the stream's range and matrix
turn       rotation and mirroring by the display matrix
reading    decoded frames in display order
painting   applies a change to a part of each frame
covering   black boxes over parts of each frame
chunks     batches of frames
ahead      pipeline stages in threads, with a bounded queue between them
codecs     codecs and containers that can be written, and their quality
holding    which containers can hold the other streams
writing    writes frames and copies the other streams, atomically
vorbis     the headers of Vorbis sound without its comments
process    the whole pipeline, from file to file
=========  ====================================================================
"""
