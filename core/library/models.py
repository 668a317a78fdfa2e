"""Models of the catalogue: what came of trainings, each a folder that says what it is."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from core.errors import InputError
from core.library.catalogue import Catalogue
from core.library.learned import folders, in_trash, json_text, move, only
from core.library.rows import TRASH
from core.platform import replace_file

log = logging.getLogger(__name__)

MODELS = "models"
DESCRIPTION = "model.json"


class ModelRow(msgspec.Struct, frozen=True):
    """One trained model. ``path`` is its folder."""

    id: str
    name: str
    kind: str
    run: str | None
    path: str
    sha256: str
    config: dict[str, Any]
    metrics: dict[str, Any]
    created_utc_ns: int


class _Description(msgspec.Struct, frozen=True):
    """What the catalogue takes from a model's own description; the first ones did not say their kind."""

    name: str
    created_utc_ns: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
    network: dict[str, Any]
    kind: Literal["descriptor", "policy"] = "descriptor"
    run: str = ""
    sha256: str = ""
    metrics: dict[str, Any] = {}


_MODEL = "id, name, kind, run, path, sha256, config, metrics, created_utc_ns"


class Models:
    """The models of one library."""

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self._root = root
        self._catalogue = catalogue

    def folder(self, model: str) -> Path:
        """Where a model of that identifier is kept."""
        return self._root / MODELS / model

    def adopt(self) -> tuple[str, ...]:
        """Rows for the models whose folders have none yet; returns their identifiers. One that is damaged is logged.

        A model that came from elsewhere has no run here.
        """
        known = {model.id for model in self.list()}
        adopted = []
        for path in sorted((self._root / MODELS).glob(f"*/{DESCRIPTION}")):
            if path.parent.name in known:
                continue
            try:
                _require_identifier(path.parent.name)
                description = msgspec.json.decode(path.read_bytes(), type=_Description)
            except (OSError, msgspec.MsgspecError, InputError) as error:
                log.warning("The model %s cannot be read and was left out: %s", path.parent.name, error)
                continue
            self._add(path.parent.name, description)
            adopted.append(path.parent.name)
        return tuple(adopted)

    def _add(self, model: str, description: _Description) -> None:
        values = (
            model,
            description.name,
            description.kind,
            description.run,
            f"{MODELS}/{model}",
            description.sha256,
            json_text(description.network),
            json_text(description.metrics),
            description.created_utc_ns,
        )
        with self._catalogue.writing() as connection:
            connection.execute(
                f"INSERT INTO models ({_MODEL}) VALUES (?, ?, ?, (SELECT id FROM runs WHERE id = ?), ?, ?, ?, ?, ?)",
                values,
            )

    def list(self, kind: str | None = None) -> tuple[ModelRow, ...]:
        """All models, the newest first."""
        clause, values = ("WHERE kind = ?", (kind,)) if kind is not None else ("", ())
        with self._catalogue.reading() as connection:
            rows = connection.execute(f"SELECT {_MODEL} FROM models {clause} ORDER BY created_utc_ns DESC", values)
            return tuple(self._row(row) for row in rows)

    def get(self, asked: str) -> ModelRow:
        """The model whose identifier begins so, or that is called so; InputError when there is none or several."""
        with self._catalogue.reading() as connection:
            return self._row(only(connection, "models", _MODEL, asked, "model"))

    def policy(self, asked: str) -> ModelRow:
        """The policy whose identifier begins so, or that is called so; InputError when there is none or several."""
        with self._catalogue.reading() as connection:
            return self._row(only(connection, "models", _MODEL, asked, "policy", "policy"))

    def descriptor(self, asked: str) -> ModelRow:
        """The descriptor model whose identifier begins so, or that is called so; InputError as above."""
        with self._catalogue.reading() as connection:
            return self._row(only(connection, "models", _MODEL, asked, "descriptor model", "descriptor"))

    def rename(self, model: str, name: str) -> ModelRow:
        """Call a model otherwise, in its folder and in the catalogue."""
        row, words = self.get(model), name.strip()
        if not words:
            raise InputError("A model needs a name; type one.")
        path = Path(row.path) / DESCRIPTION
        try:
            described = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            replace_file(path, msgspec.json.format(msgspec.json.encode(described | {"name": words})))
        except (OSError, msgspec.MsgspecError) as error:
            raise InputError(
                f"The model '{row.name}' cannot be renamed ({error}); mend its folder or train again."
            ) from None
        with self._catalogue.writing() as connection:
            connection.execute("UPDATE models SET name = ? WHERE id = ?", (words, row.id))
        return self.get(row.id)

    def trash(self, model: str) -> ModelRow:
        """Move a model's folder to the trash, with its descriptor sets; ``restore`` brings it back."""
        row = self.get(model)
        with self._catalogue.writing() as connection:
            if connection.execute("SELECT 1 FROM attempts WHERE policy = ?", (row.id,)).fetchone():
                raise InputError(f"The model '{row.name}' has attempts that tell of it; it stays.")
            connection.execute("DELETE FROM models WHERE id = ?", (row.id,))
        try:
            move(Path(row.path), self._trash / row.id, "model")
        except InputError:
            self.adopt()
            raise
        return row

    def trashed(self) -> tuple[str, ...]:
        """Identifiers of the models in the trash, the newest first."""
        return folders(self._trash)

    def restore(self, prefix: str) -> ModelRow:
        """Bring a model back from the trash; InputError unless one identifier there begins so."""
        found = in_trash(self.trashed(), prefix, "model")
        move(self._trash / found, self.folder(found), "model")
        self.adopt()
        return self.get(found)

    @property
    def _trash(self) -> Path:
        return self._root / TRASH / MODELS

    def _row(self, values: Any) -> ModelRow:
        row = dict(zip(_MODEL.split(", "), values, strict=True))
        row["config"], row["metrics"] = msgspec.json.decode(row["config"]), msgspec.json.decode(row["metrics"])
        row["path"] = str(self._root / row["path"])
        return ModelRow(**row)


def _require_identifier(name: str) -> None:
    """InputError unless a folder's name can be an identifier, which are asked for in capitals."""
    if not (name.isalnum() and name == name.upper()):
        raise InputError("its folder is not named by an identifier")
