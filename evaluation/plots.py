"""The report's plots as SVG text: thin lines, no fills to speak of, readable in black and white."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pandas as pd

_STYLE: Final = {
    "svg.fonttype": "none",
    "svg.hashsalt": "notecriteria",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
}
_INKS: Final = ("#1f4e79", "#9a5b13", "#4b6b3c", "#6b4b6b")
_MARKS: Final = ("o", "s", "^", "D")


@contextmanager
def _figure(width: float, height: float) -> Iterator[tuple[Any, Any]]:
    """Give a figure and its axes in the report's style, without touching the caller's matplotlib."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_STYLE):  # type: ignore[arg-type, unused-ignore]
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure, figure.subplots()


def _svg(figure: Any) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    return svg[svg.index("<svg") :]


def interval_plot(figures: pd.DataFrame, names: Sequence[str], systems: Sequence[str], label: str) -> str:
    """Return a plot of a figure with its interval for each name, a mark per system.

    Args:
        figures: rows of one split, measure and metric.
        names: the names, from top to bottom.
        systems: the systems, each with an ink and mark of its own.
        label: what is plotted.
    """
    with _figure(7.0, 0.9 + len(names) * (0.16 + 0.12 * len(systems))) as (figure, axes):
        step = 0.7 / max(len(systems), 1)
        for s, system in enumerate(systems):
            rows = figures[figures["system"] == system].set_index("name").reindex(list(names))
            at = [n + (s - (len(systems) - 1) / 2) * step for n in range(len(names))]
            ink, mark = _INKS[s % len(_INKS)], _MARKS[s % len(_MARKS)]
            axes.hlines(at, rows["low"], rows["high"], color=ink, linewidth=1.0)
            face = ink if s == 0 else "white"
            axes.plot(rows["value"], at, mark, color=ink, markerfacecolor=face, markersize=4.5, label=system)
        _name_axis(axes, names)
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel(label)
        axes.grid(axis="x", linewidth=0.4, color="#dddddd")
        _legend(axes, len(systems))
        return _svg(figure)


def attribute_plot(errors: pd.DataFrame, systems: Sequence[str]) -> str:
    """Return a plot of invented and missed attributes, a bar per system.

    Args:
        errors: rows of ``system``, ``name``, ``invented``, ``missed``.
        systems: the systems.
    """
    names = list(dict.fromkeys(errors["name"]))
    with _figure(7.0, 0.9 + len(names) * (0.16 + 0.16 * len(systems))) as (figure, axes):
        step = 0.7 / max(len(systems), 1)
        for s, system in enumerate(systems):
            rows = errors[errors["system"] == system].set_index("name").reindex(names).fillna(0)
            at = [n + (s - (len(systems) - 1) / 2) * step for n in range(len(names))]
            ink = _INKS[s % len(_INKS)]
            style = {"height": step * 0.8, "edgecolor": ink, "linewidth": 0.8}
            axes.barh(at, -rows["missed"], facecolor="white", hatch="////", label=f"{system}: missed", **style)
            axes.barh(at, rows["invented"], facecolor="white", label=f"{system}: invented", **style)
        _name_axis(axes, names)
        axes.axvline(0, color="black", linewidth=0.6)
        axes.xaxis.set_major_locator(_whole_numbers())
        axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
        axes.set_xlabel("attributes missed (left) and invented (right)")
        _legend(axes, 2)
        return _svg(figure)


def _whole_numbers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True, nbins=8)


def _name_axis(axes: Any, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(length=2, width=0.6)


def _legend(axes: Any, entries: int) -> None:
    if entries > 1:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, frameon=False, fontsize=8)
