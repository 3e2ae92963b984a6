"""Docker images, gold answers and official scoring: everything that may see what the stages may not.

Table of contents: `gold` the answers of a row, `local` scoring without Docker, `commands` how a project's tests
are run, `logs` how their output is read.
"""
