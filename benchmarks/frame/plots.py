"""The plots of the documents, as SVG: the same bytes for the same result. Each plot has one function.

The colours are from Okabe and Ito's palette, which colour-blind readers can tell apart. Colour is never the only
difference.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter

from benchmarks.frame.results import Figures
from benchmarks.starts.rows import NO_BYTECODE
from benchmarks.starts.starts import BUDGETS
from benchmarks.tokens.libraries import OURS, REFERENCE, UNCONVERTED
from benchmarks.tokens.node import REFERENCE as NODE_REFERENCE

BLUE, ORANGE, GREEN, PURPLE, SKY, GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#999999"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, GREY)
MARKS = ("o", "s", "^", "D", "v", "P")
WIDTH_INCHES = 8.0

mpl.rcParams.update(
    {
        "svg.fonttype": "none",  # text stays text: small files, and readers can search them
        "svg.hashsalt": "edge-auth",  # the same ids in each run
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.titlelocation": "left",
        "grid.color": "#dddddd",
        "grid.linewidth": 0.6,
        "legend.fontsize": 9,
        "legend.frameon": False,
        "figure.facecolor": "white",  # GitHub's dark pages show it as a card
    }
)


def save(figure: Figure, path: Path, result: Mapping[str, Any]) -> None:
    """Write a plot, with the name and the date of its result."""
    metadata = {"Creator": "make figures", "Source": result["benchmark"], "Date": result["date"]}
    figure.savefig(path, format="svg", metadata=metadata)
    # Matplotlib leaves spaces at the ends of lines.
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(f"{line.rstrip()}\n" for line in lines), encoding="utf-8")


def starts(figures: Figures) -> Figure:
    """Draw how long functions take to start, relative to an empty handler: one bar each, in the order of the table."""
    rows = [row for row in figures["rows"] if row["label"] != row["reference"]]
    figure = _figure(1.2 + 0.27 * len(rows))
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        ratio, label = row["init_ratio"], row["label"]
        colour = BLUE if row["group"] == "ours" else ORANGE
        alpha = 0.45 if label.endswith(NO_BYTECODE) else 1
        spread = _spread([ratio])
        axes.barh(place, ratio["median"], xerr=spread, height=0.72, color=colour, alpha=alpha, ecolor="#333333")
        text = f"{ratio['median']:.1f} x, {row['init_ms']['median']:.0f} ms"
        # The text is beside the plot, so that no bar or budget crosses it.
        axes.text(1.01, place, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8)
        if label in BUDGETS:
            axes.vlines(BUDGETS[label]["init"], place - 0.5, place + 0.5, color="black", linewidth=2)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [row["label"] for row in rows])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("x an empty handler's INIT on the same runtime")
    axes.set_title("Cold starts")
    axes.grid(axis="x")
    keys = [
        Patch(color=BLUE, label="edge-auth"),
        Patch(color=ORANGE, label="other designs"),
        Patch(color=GREY, alpha=0.45, label="pale: without bytecode"),
        Line2D([], [], color="black", marker="|", markersize=12, markeredgewidth=2, linestyle="", label="budget"),
    ]
    return _with_legend(figure, len(keys), handles=keys)


def throughput(figures: Figures) -> Figure:
    """Draw calls a second, and the median and 99th percentile of their times, against the number of workers."""
    figure = _figure(4.0)
    rate, latency = figure.subplots(1, 2)
    for (name, operation), colour, mark in zip(figures["operations"].items(), COLOURS, MARKS, strict=False):
        levels = operation["levels"]
        workers = [level["workers"] for level in levels]
        rate.plot(workers, [level["per_second"] for level in levels], color=colour, marker=mark, label=name)
        latency.plot(workers, [level["p50"] for level in levels], color=colour, marker=mark)
        latency.plot(workers, [level["p99"] for level in levels], color=colour, marker=mark, linestyle=":", alpha=0.7)
    counts = sorted({level["workers"] for each in figures["operations"].values() for level in each["levels"]})
    for axes, title in ((rate, "Calls a second"), (latency, "Time of a call, ms: median, and dotted p99")):
        _make_logarithmic(axes, "workers at once", title, base=2)
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.yaxis.set_major_formatter("{x:g}")
    return _with_legend(figure, 3)


def growth(figures: Figures) -> Figure:
    """Draw the DynamoDB units of a call against the user's sessions, and against the sessions in the whole table."""
    figure = _figure(4.0)
    of_user, of_all = figure.subplots(1, 2, sharey=True)
    living, ended, all_users = figures["per_user"]["living"], figures["per_user"]["ended"], figures["table"]
    names = list(living["points"][0]["operations"])
    # The first marks are larger, so that they still show behind later marks at the same point.
    for name, colour, mark, size in zip(names, COLOURS, MARKS, range(10, 4, -1), strict=False):
        for axes, grown, line in ((of_user, living, "-"), (of_user, ended, ":"), (of_all, all_users, "-")):
            points = [point for point in grown["points"] if name in point["operations"]]
            counts = [point["operations"][name] for point in points]
            units = [each["read_units"] + each["write_units"] for each in counts]
            sessions, label = [point["sessions"] for point in points], name if grown is living else None
            axes.plot(sessions, units, color=colour, marker=mark, markersize=size, linestyle=line, label=label)
    _make_logarithmic(of_user, "sessions of the user: solid living, dotted ended", "Read and write units of a call")
    _make_logarithmic(of_all, "sessions in the table", "")
    for axes in (of_user, of_all):
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.yaxis.set_major_formatter("{x:,g}")
    return _with_legend(figure, len(names))


def token_checks(figures: Figures) -> Figure:
    """Draw the cost of verifying a token, relative to the signature alone: bars by algorithm."""
    measured = figures["verify"]
    names = [name for name in measured["ES256"] if name not in (REFERENCE, UNCONVERTED, NODE_REFERENCE)]
    figure = _figure(3.6)
    axes = figure.add_subplot()
    width = 0.8 / len(names)
    for number, name in enumerate(names):
        ratios = [measured[alg][name]["ratio"] for alg in measured]
        places = [place + (number - (len(names) - 1) / 2) * width for place in range(len(measured))]
        medians, spread = [ratio["median"] for ratio in ratios], _spread(ratios)
        colour = BLUE if name == OURS else COLOURS[1:][(number - 1) % 5]
        bars = axes.bar(places, medians, width * 0.92, yerr=spread, color=colour, label=name, ecolor="#333333")
        axes.bar_label(bars, fmt="%.2f", fontsize=8, padding=2)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_xticks(range(len(measured)), list(measured))
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("x the signature alone")
    axes.set_title("Verifying one access token, claims included")
    axes.grid(axis="y")
    axes.margins(y=0.1)
    return _with_legend(figure, len(names))


def _figure(height_inches: float) -> Figure:
    return Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")


def _with_legend(figure: Figure, columns: int, **what: Any) -> Figure:  # noqa: ANN401 - passed through
    figure.legend(loc="outside lower center", ncols=columns, **what)
    return figure


def _spread(ratios: Sequence[Mapping[str, float]]) -> list[list[float]]:
    """Return the distances of the quartiles from the median: below, above."""
    return [[abs(ratio["median"] - ratio[quartile]) for ratio in ratios] for quartile in ("p25", "p75")]


def _make_logarithmic(axes: Axes, what: str, title: str, base: int = 10) -> None:
    axes.set_xscale("log", base=base)
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_xlabel(what)
    axes.set_title(title, fontsize=11)
    axes.grid(visible=True)


# Each plot by the name of its result.
PLOTS: dict[str, Callable[[Figures], Figure]] = {
    plot.__name__: plot for plot in (growth, starts, throughput, token_checks)
}
