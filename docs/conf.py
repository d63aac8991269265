"""The documentation site: `make docs` builds it with Sphinx from the pages of docs/ and the
docstrings.

The source folder is the project's root, so that links between pages, tables of studies and files of
the project are the same here and where the repository is read: `sphinx-build -W --keep-going -c
docs . site`.
"""

import re

from docutils import nodes
from sphinx.util.osutil import relative_uri

from diffqas import __version__

project = "diffqas"
copyright = "the diffqas developers"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = [
    *("docs/**", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"),
    *("benchmarks/README.md", "examples/**", "studies/results/**"),
]
exclude_patterns = [".*", "build", "dist", "site", "runs", "src", "tests"]
html_additional_pages = {"index": "to_docs.html"}
templates_path = ["templates"]

myst_heading_anchors = 4

# Docstrings write names in `single backticks`, and mean code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "diffqas"
html_show_sphinx = False
html_copy_source = False

html_css_files = ["site.css"]
html_static_path = ["static"]


def plain_text(app, what, name, obj, options, lines: list[str]) -> None:
    """Take docstrings as plain text with `names`: asterisks and bars in formulas are no markup."""
    example = False
    for i, line in enumerate(lines):
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        if not example:
            parts = re.split("(`[^`]*`)", line)
            lines[i] = "".join(
                part if part[:1] == "`" else re.sub(r"([*|])", r"\\\1", part) for part in parts
            )
    _plain[name] = list(lines)


def no_types(app, what, name, obj, options, lines: list[str]) -> None:
    """Napoleon takes what stands before a colon in an attribute's docstring for its type: undo
    that.
    """
    if what in ("attribute", "data", "property"):
        lines[:] = _plain[name]


_plain: dict[str, list[str]] = {}


def with_title(app, docname: str, source: list[str]) -> None:
    """Tables of studies start with a data set: their title is the study's folder."""
    if docname.startswith("studies/results/"):
        *_, study, table = docname.split("/")
        source[0] = f"# {study}{'' if table == 'table' else f', {table}'}\n\n{source[0]}"


def whole_figures(app, doctree: nodes.document, docname: str) -> None:
    """Mark figures such as 3.2e-8, which a browser would break behind their hyphen."""
    for text in list(doctree.findall(nodes.Text)):
        parts = re.split(r"(\S*\de-\d\S*)", text.astext())
        in_prose = text.parent.tagname in PROSE
        if len(parts) > 1 and in_prose:
            new: list[nodes.Node] = []
            for place, part in enumerate(parts):
                # Behind every other text stands a figure.
                own = nodes.inline(part, part, classes=["whole"]) if place % 2 else nodes.Text(part)
                new.append(own)
            text.parent.replace(text, new)


PROSE = ("paragraph", "strong", "emphasis", "reference", "title", "term")


def pictures_as_links(app, doctree: nodes.document, docname: str) -> None:
    """Link every picture to its own file: a wide one is read in its full size only."""
    page = app.builder.get_target_uri(docname)
    for image in list(doctree.findall(nodes.image)):
        known = app.env.images.get(image["uri"])
        if known is None or isinstance(image.parent, nodes.reference):
            continue
        link = nodes.reference("", "", refuri=relative_uri(page, f"_images/{known[1]}"))
        image.replace_self(link)
        link += image


def setup(app) -> None:
    """Docstrings before and after napoleon, which makes its markup of the sections."""
    app.connect("source-read", with_title)
    app.connect("doctree-resolved", whole_figures)
    app.connect("doctree-resolved", pictures_as_links)
    app.connect("autodoc-process-docstring", plain_text, priority=100)
    app.connect("autodoc-process-docstring", no_types, priority=900)
