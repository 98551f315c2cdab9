"""One trunk, trained in every way: which training helps on which task?

    python -m studies.same_backbone core|ablation|noise|size [--preset tiny|small] [--jobs N]
    python -m studies.same_backbone report

A part trains what it compares, scores it with `bench run`, and renders RESULTS.md from the records
of all parts that have been run. It goes on where it stopped; the first seed of all trainings comes
first, so that an early end compares them too. `report` only renders.
"""
