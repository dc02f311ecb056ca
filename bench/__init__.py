"""The benchmarks: corpora made from a seed, the peers to run beside, and the tables of docs/performance.md.

`make bench` is `python -m bench.run`; each module says what it does. Nothing here is part of the wheel.
"""
