"""Pictures as people have them, made by real programs, with the truth about what hides what.

Nothing that draws a picture here uses unveil: the bench is independent of what it measures.
"""
