"""Do the intervals, tests and searches of the benchmark keep what they promise?

    python -m studies.calibration [--small] [--jobs 2] [--parts NAME ...] [--out FOLDER]

Every claim is put to data whose truth is known. What was measured is in RESULTS.md, which the
command writes; `--small` takes a minute and writes nothing but its lines. Each result is kept in
the folder, so a study that was interrupted goes on where it was.
"""
