"""Charts as geometry: where each point, line and sign of a picture stands. Plain Python.

Along the time axis a place is a share of the width in per cent, so that a chart fits every screen
while its words keep their size; up and down it is pixels from the top. The same dataclasses carry
the table that stands beside each picture, so that both tell the same numbers.
"""

from prescriptions.adherence import Tally, tally
from prescriptions.charts.axes import Scale, TimeAxis
from prescriptions.charts.drawing import NO_ANSWER, PARTS, column_chart, line_chart, spark
from prescriptions.charts.drawn import Chart, Spark
from prescriptions.charts.told import Lane, Mark, MarkKind, Said, Series

__all__ = [
    "NO_ANSWER",
    "PARTS",
    "Chart",
    "Lane",
    "Mark",
    "MarkKind",
    "Said",
    "Scale",
    "Series",
    "Spark",
    "Tally",
    "TimeAxis",
    "column_chart",
    "line_chart",
    "spark",
    "tally",
]
