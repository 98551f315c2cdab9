"""Pre-training of the audio trunk: recipe, corpus, views, objectives, loop, checkpoint.

Nothing here knows of tasks or of the board; removing this folder and its command leaves the
benchmark whole.
"""
