"""A window as plain values, and how Fusion's UIManager shows it.

Knows nothing of Resolve's timeline; what the values mean is the affair of `menu`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Key of the button that was pressed; closing the window counts as the last one.
BUTTON = "button"


@dataclass(frozen=True)
class Row:
    """One thing to fill in: a line of text, or a choice where `choices` are given."""

    key: str
    label: str
    value: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """A window with some words, rows to fill in and buttons."""

    title: str
    text: str
    rows: tuple[Row, ...]
    buttons: tuple[str, ...]


def show(form: Form, ui: Any, dispatcher: Any) -> dict[str, str]:
    """Show a form, wait, and return its values by key.

    Args:
        ui: Fusion's ``UIManager``.
        dispatcher: ``bmd.UIDispatcher`` of it.
    """
    rows = [ui.HGroup([ui.Label({"Text": row.label, "Weight": 0.4}), _field(ui, row)]) for row in form.rows]
    buttons = [ui.Button({"ID": f"button{i}", "Text": text}) for i, text in enumerate(form.buttons)]
    told = ui.Label({"ID": "told", "Text": form.text, "WordWrap": True})
    window = dispatcher.AddWindow(
        {"ID": "w2l", "WindowTitle": form.title, "Geometry": [200, 200, 640, 140 + 40 * len(rows)]},
        [ui.VGroup([told, *rows, ui.HGroup(buttons)])],
    )
    items = window.GetItems()
    for row in form.rows:
        for choice in row.choices:
            items[row.key].AddItem(choice)
    pressed = {BUTTON: form.buttons[-1]}

    def press(text: str) -> Any:
        def pressing(_event: Any) -> None:
            pressed[BUTTON] = text
            dispatcher.ExitLoop()

        return pressing

    for i, text in enumerate(form.buttons):
        getattr(window.On, f"button{i}").Clicked = press(text)
    window.On.w2l.Close = press(form.buttons[-1])
    window.Show()
    dispatcher.RunLoop()
    window.Hide()
    values = {row.key: items[row.key] for row in form.rows}
    chosen = {
        row.key: values[row.key].CurrentText if row.choices else values[row.key].Text for row in form.rows
    }
    return {**chosen, **pressed}


def _field(ui: Any, row: Row) -> Any:
    if row.choices:
        return ui.ComboBox({"ID": row.key, "Weight": 0.6})
    return ui.LineEdit({"ID": row.key, "Text": row.value, "Weight": 0.6})
