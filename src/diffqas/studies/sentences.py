"""The plain sentences that follow from a table, whichever way it falls."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from diffqas.studies.entries import Comparison, Entry
from diffqas.studies.metric import Metric, short
from diffqas.studies.statistics import FEWEST_PAIRS

WORDS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def sentence(comparison: Comparison) -> str:
    """What a table says, in words: verdicts, the named controls, what could not be tested or found.

    The order is fixed: how many rows the search is better and worse than, which ones it is worse
    than, to which no difference was found, the uniform control and the directly trained network,
    the paper's figure, failed seeds, whether so few seeds could have found anything, and equal rows
    that came out unlike.
    """
    search = comparison.search
    if search.median is None:
        return (
            f"On {comparison.dataset} the search ({search.row}) finished no seed, so nothing could "
            "be compared."
        )
    parts = [_verdicts(comparison)]
    worse, undecided = _with(comparison, "worse"), _with(comparison, "undecided")
    if worse:
        parts.append(f"It is worse than {_listed(worse)}.")
    if undecided and len(undecided) < len(comparison.others):
        parts.append(f"No difference was found to {_listed(undecided)}.")
    if any(entry.group in ("control", "reference") for entry in comparison.others):
        for named in comparison.named:
            parts += _against(comparison, named.title, named.part)
    parts += [*_paper(search, comparison.metric), *_failures(comparison), *_power(comparison)]
    parts += _unlike(comparison)
    return " ".join(parts)


def seeds_in_words(count: int) -> str:
    """A number of seeds.

    >>> seeds_in_words(10), seeds_in_words(1), seeds_in_words(30)
    ('ten seeds', 'one seed', '30 seeds')
    """
    word = WORDS[count] if count < len(WORDS) else str(count)
    return f"{word} {_plural('seed', count)}"


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def _verdicts(comparison: Comparison) -> str:
    search, others = comparison.search, comparison.others
    assert search.median is not None
    median = comparison.metric.text(search.median)
    who = f"the search (row {search.row}; median {median} over {seeds_in_words(len(search.seeds))})"
    merged = ""
    if any(len(entry.rows) > 1 for entry in others):
        merged = "; provably equal rows counted once"
    tested = f"sign-flip tests on {comparison.metric.tested}{merged}"
    rule = f"(Holm-adjusted p < {comparison.alpha:g}, {tested})"
    better, worse = len(_with(comparison, "better")), len(_with(comparison, "worse"))
    rows = f"{len(others)} other {_plural('row', len(others))}"
    if len(_with(comparison, "untested")) == len(others):
        return f"On {comparison.dataset} {who} was tested against no other row."
    if not better and not worse:
        return f"On {comparison.dataset} {who} was not found to differ from any of {rows} {rule}."
    return (
        f"On {comparison.dataset} {who} is better than {better or 'none'} of {rows} and worse than"
        f" {worse or 'none'} {rule}."
    )


def _against(comparison: Comparison, title: str, part: str) -> list[str]:
    found = [entry for entry in comparison.others if _named(entry, part)]
    controls = [entry for entry in found if entry.group in ("control", "reference")] or found[:1]
    if not controls:
        if any(part in name.lower() for name in comparison.search.rows):
            return [f"The {title} is itself the row that the others are compared with."]
        return [f"The {title} is not among the rows."]
    told = []
    for entry in controls:
        way = _named(entry, part).split(part)[1]
        # How it was trained or how large it is belongs to its title, other words do not.
        kept = way if way.startswith((" by ", ", hidden ")) else ""
        told.append(_verdict(entry, title + kept, comparison.metric))
    return told


def _named(entry: Entry, part: str) -> str:
    """The row's name that holds a word, with the word in lower case; empty if none does."""
    for name in entry.rows:
        at = name.lower().find(part)
        if at >= 0:
            return name[:at] + part + name[at + len(part) :]
    return ""


def _verdict(entry: Entry, title: str, metric: Metric) -> str:
    if entry.median is None or entry.p_holm is None or entry.ratio is None:
        return f"The {title} could not be tested."
    median, effect = metric.text(entry.median), metric.in_words(entry.ratio)
    figures = f"median {median}, {effect}, adjusted p = {short(entry.p_holm)}"
    told = {
        "better": f"The search is better than the {title}",
        "worse": f"The search is worse than the {title}",
    }.get(str(entry.verdict), f"Between the search and the {title} no difference was found")
    return f"{told} ({figures})."


def _paper(search: Entry, metric: Metric) -> list[str]:
    if not search.paper or search.median is None:
        return []
    figure = search.paper[0]
    place = "equal to"
    if search.median != figure:
        place = "below" if search.median < figure else "above"
    return [f"The median is {place} the paper's single run ({metric.text(figure)})."]


def _failures(comparison: Comparison) -> list[str]:
    parts = []
    failed = [entry for entry in comparison.entries if entry.failed]
    if failed:
        listed = "; ".join(map(_failed, failed))
        parts.append(f"Failed and left out of the pairs: {listed}.")
    untested = _with(comparison, "untested")
    if untested:
        few = WORDS[FEWEST_PAIRS]
        parts.append(f"Fewer than {few} pairs of seeds, hence not tested: {_listed(untested)}.")
    return parts


def _unlike(comparison: Comparison) -> list[str]:
    """Rows whose cells were computed on different processors, or by different versions."""
    shown = comparison.metric.text
    if not comparison.unlike:
        return []
    listed = "; ".join(
        f"{each.row} (seed {each.seed}: {_known(each.figure, shown)}, where {each.equal} has "
        f"{_known(each.other, shown)})"
        for each in comparison.unlike
    )
    return [
        "Provably equal, yet computed on different processors or by different versions, with other "
        f"figures: {listed}; the table has those of the first row."
    ]


def _known(figure: float | None, shown: Callable[[float], str]) -> str:
    return "no figure" if figure is None else shown(figure)


def _failed(entry: Entry) -> str:
    if entry.deterministic:
        return entry.row
    return f"{entry.row} (seed {', '.join(map(str, entry.failed))})"


def _power(comparison: Comparison) -> list[str]:
    smallest = comparison.smallest_p
    if smallest is None:
        return []
    tested = sum(entry.p is not None for entry in comparison.others)
    pairs = max(entry.pairs for entry in comparison.others)
    # The first of Holm's steps: the smallest p counts as often as there are tests.
    adjusted = min(1.0, smallest * tested)
    limit = (
        f"The smallest p that {seeds_in_words(pairs)} can give is {smallest:.3g}, adjusted for "
        f"{tested} rows"
    )
    note = "" if adjusted < comparison.alpha else ", so no difference could have been found"
    return [f"{limit} {adjusted:.3g}{note}."]


def _with(comparison: Comparison, verdict: str) -> list[Entry]:
    return [entry for entry in comparison.others if entry.verdict == verdict]


def _listed(entries: Iterable[Entry]) -> str:
    return "; ".join(entry.row for entry in entries)
