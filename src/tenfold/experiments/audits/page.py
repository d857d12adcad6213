"""The page of an audit: one HTML file to review candidates and duplicates in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold import figures
from tenfold.core.html_page import render_page

if TYPE_CHECKING:
    from pandas import DataFrame

    from tenfold.experiments.audits.result import AuditResult

_PAGE = 60  # candidates; a browser lays out only those that it shows
_TEMPLATES = Path(__file__).parent / "templates"


def render(audit: AuditResult, limit: int) -> str:
    """Render a self-contained HTML page, with images, style and script inside.

    Args:
        audit: its result.
        limit: number of candidates, and of groups of duplicates, to show.
    """
    values = _head(audit) | _candidates(audit, limit) | _duplicates(audit, limit)
    return render_page(_TEMPLATES, {"percent": percent}, values)


def percent(share: float) -> str:
    """A probability in per cent, never rounded to 0 or 100.

    Example:
        >>> percent(0.99996), percent(0.00002), percent(0.123)
        ('> 99.9 %', '< 0.1 %', '12.3 %')
    """
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"


def _head(audit: AuditResult) -> dict[str, Any]:
    names = audit.dataset.class_names
    return {
        "name": audit.name,
        "source": audit.source,
        "command": audit.command,
        "checksum": audit.checksum,
        "class_names": names,
        "page": _PAGE,
        "classes": [(name, name) for name in names],
        "splits": [(name, name) for name in audit.sizes],
        "sizes": ", ".join(f"{size:,} {name} images" for name, size in audit.sizes.items()),
        "settings": "{folds} networks of the recipe {recipe}, {epochs} epochs, seed {seed}".format(
            **audit.settings
        ),
    }


def _candidates(audit: AuditResult, limit: int) -> dict[str, Any]:
    shown = audit.candidates.head(limit)
    return {
        "total": f"{len(audit.candidates):,}",
        "shown_candidates": f"{len(shown):,}",
        "candidates": [
            row | _item(audit, row, f"given {row['given']}, predicted {row['predicted']}")
            for row in _rows(shown)
        ],
    }


def _duplicates(audit: AuditResult, limit: int) -> dict[str, Any]:
    table = audit.duplicates
    shown = table[table["group"] <= limit]
    groups = [_group(audit, number, members) for number, members in shown.groupby("group")]
    return {
        "all_groups": f"{table['group'].nunique():,}",
        "shown_groups": f"{len(groups):,}",
        "any_exact": bool(shown["exact"].any()),
        "groups": groups,
    }


def _group(audit: AuditResult, number: Any, members: DataFrame) -> dict[str, Any]:
    kind = "equal pixel by pixel" if members["image"].nunique() == 1 else "nearly equal"
    labels = "with different labels" if members["contradicts"].any() else "with the same label"
    splits = members["split"].unique()
    across = f", across {' and '.join(splits)}" if len(splits) > 1 else f", in {splits[0]}"
    return {
        "number": number,
        "text": f"{len(members)} images {kind}, {labels}{across}",
        "members": [
            row | _other_label(row, members) | _item(audit, row, f"given {row['given']}")
            for row in _rows(members)
        ],
    }


def _other_label(row: dict[Any, Any], members: DataFrame) -> dict[str, str]:
    """The label offered first: one of another image in the group, if labels differ."""
    return {"predicted": next((n for n in members["given"] if n != row["given"]), row["given"])}


def _rows(frame: DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")


def _item(audit: AuditResult, row: dict[Any, Any], text: str) -> dict[str, Any]:
    """The values of an image on the page: id, title, alternative text and picture."""
    image = audit.image(row["split"], row["index"])
    title = f"{row['split']} {row['index']}"
    kind = "candidate" if "rank" in row else f"group-{row['group']}"
    return {
        "id": f"{kind}-{row['split']}-{row['index']}",
        "title": title,
        "alt": f"Image {title}, {text}",
        "png": figures.data_uri(image),
        "height": image.shape[0],
        "width": image.shape[1],
    }
