"""``/v1/training``: a training from the page, on the data of the service."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from tenfold.core.errors import InputError
from tenfold.networks.fields import Field as RecipeField
from tenfold.networks.fields import declared, to_text
from tenfold.networks.recipes import FIELDS, RECIPES, Recipe, customize
from tenfold.networks.registry import NETWORKS
from tenfold.runs.layout import HISTORY
from tenfold.server.api.openapi import request_body, responses
from tenfold.server.api.run_view import read_history
from tenfold.server.api.schemas import Count
from tenfold.server.api.service import Service
from tenfold.server.http.body import parse_model
from tenfold.server.http.errors import ServiceError, conflict

HIGHEST = {
    "hidden": 1024,
    "filters": 128,
    "activation": None,
    "dropout": None,
    "learning_rate": None,
    "epochs": 1000,
}
"""The fields of a recipe that the page changes, and their highest values; None: as declared."""

MAX_LAYERS, MAX_SEEDS = 8, 10
"""Of a training, so that one request does not take the memory of the machine."""


def _knob_field(name: str) -> RecipeField:
    field, high = FIELDS[name], HIGHEST[name]
    if high is None or field.interval is None:
        return field
    return replace(field, interval=replace(field.interval, high=high))


KNOBS = {name: _knob_field(name) for name in HIGHEST}


class Knob(BaseModel):
    """A field of a recipe, as ``docs/reference`` lists them."""

    name: str
    help: str
    expected: str = Field(description="The allowed values, in words.")
    kind: Literal["int", "float", "str"]
    layers: bool = Field(description="Whether there may be one value per layer, as in 128+64.")
    low: float | None
    high: float | None


class RecipeKnobs(BaseModel):
    """A recipe and its values of the knobs that its network has; as text."""

    name: str
    summary: str
    values: dict[str, str | None] = Field(description="Null for the default of the optimizer.")


class Knobs(BaseModel):
    """What a training can be started with."""

    recipes: list[RecipeKnobs]
    knobs: list[Knob]
    data: str = Field(description="The data that is trained on.")
    max_layers: Count
    max_seeds: Count


class NewTraining(BaseModel):
    """A training to start."""

    model_config = ConfigDict(extra="forbid", strict=True)

    recipe: str = Field(description="Its name.")
    changes: dict[str, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, description="Other values of knobs, as text; see /v1/training/knobs."
    )
    seeds: Annotated[int, Field(ge=1, le=MAX_SEEDS, description="Networks to train at once.")] = 1
    answers: bool = Field(True, description="Whether the network answers, also while it learns.")


class Answers(BaseModel):
    """Whether the network of the training answers."""

    model_config = ConfigDict(extra="forbid", strict=True)

    answers: bool


class Training(BaseModel):
    """The training that runs, or the last one."""

    state: Literal["idle", "running", "finished", "failed", "cancelled"]
    recipe: str | None
    changes: dict[str, str]
    seeds: int
    epoch: Count = Field(description="The last epoch.")
    epochs: Count | None
    seconds: float
    left: float | None = Field(description="Seconds that it will still take, about.")
    error: str | None = Field(description="Why it failed, in one line.")
    run: str | None = Field(description="The folder of its run.")
    answers: bool = Field(description="Whether its network answers.")
    history: list[dict[str, float | None]]


def training_routes(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1/training", tags=["Training"])

    def progress() -> dict[str, Any]:
        state = service.training.progress()
        history = [] if state["run"] is None else read_history(service.training.job.run / HISTORY)
        rows = [
            {k: v if abs(v) < float("inf") else None for k, v in one.items()} for one in history
        ]
        return {**state, "history": rows}

    @routes.get("/knobs", response_model=Knobs, responses=responses())
    def training_knobs() -> Any:
        """List the recipes, their knobs with the allowed values, and the data."""
        return {
            "recipes": [_recipe(recipe) for recipe in RECIPES.values()],
            "knobs": [_knob(field) for field in KNOBS.values()],
            "data": "MNIST" if service.run is None else service.run.data_name(),
            "max_layers": MAX_LAYERS,
            "max_seeds": MAX_SEEDS,
        }

    @routes.get("", response_model=Training, responses=responses())
    def show_training() -> Any:
        """Show the training: its progress, and its learning curves."""
        return progress()

    @routes.post(
        "",
        status_code=202,
        response_model=Training,
        responses=responses("type_unsupported", "body_malformed", "invalid", "conflict"),
        openapi_extra=request_body({"application/json": NewTraining}),
    )
    async def start_training(request: Request) -> Any:
        """Start a training on the data of the service; one at a time."""
        new = await parse_model(request, NewTraining)
        _check(new)
        await conflict(service.refuse_second_training)
        begin = service.training.start
        await conflict(begin, new.recipe, new.changes, new.seeds, new.answers)
        return await conflict(progress)

    @routes.delete("", response_model=Training, responses=responses("conflict"))
    async def stop_training() -> Any:
        """Stop the training; its run can be resumed."""
        await conflict(service.training.stop)
        await service.refresh()
        return await conflict(progress)

    @routes.put(
        "/answers",
        response_model=Training,
        responses=responses("type_unsupported", "body_malformed", "invalid", "conflict"),
        openapi_extra=request_body({"application/json": Answers}),
    )
    async def choose_answers(request: Request) -> Any:
        """Choose the network of the training as the model that answers, or no longer."""
        chosen = await parse_model(request, Answers)
        await conflict(service.training.answer, chosen.answers)
        await service.refresh()
        return await conflict(progress)

    return routes


def _check(new: NewTraining) -> None:
    """Refuse a training that cannot begin.

    Raises:
        ServiceError: the recipe is unknown, or a knob has a value that is not allowed.
    """
    if new.recipe not in RECIPES:
        raise ServiceError(
            "invalid", f"recipe: {new.recipe[:64]!r}; give one of {', '.join(RECIPES)}"
        )
    own = _values(RECIPES[new.recipe])
    for name, text in new.changes.items():
        if name not in own:
            raise ServiceError(
                "invalid",
                f"changes.{name[:64]}: not a knob of {new.recipe}; it has {', '.join(own)}",
            )
        try:
            value = KNOBS[name].parse(text)
            KNOBS[name].check(value)
        except InputError as error:
            raise ServiceError("invalid", str(error)) from None
        if isinstance(value, list) and len(value) > MAX_LAYERS:
            raise ServiceError("invalid", f"{name}: {len(value)} layers; give up to {MAX_LAYERS}")
    try:
        customize(new.recipe, new.changes)
    except InputError as error:
        raise ServiceError("invalid", str(error)) from None


def _recipe(recipe: Recipe) -> dict[str, Any]:
    return {"name": recipe.name, "summary": recipe.summary, "values": _values(recipe)}


def _values(recipe: Recipe) -> dict[str, str | None]:
    """The values of a recipe's knobs as text."""
    arguments = declared(NETWORKS[recipe.network])
    values = {name: field.default for name, field in arguments.items()} | dict(recipe.arguments)
    named = {name: values.get(name, getattr(recipe, name, None)) for name in KNOBS}
    return {
        name: None if value is None else to_text(value)
        for name, value in named.items()
        if name in values or hasattr(recipe, name)
    }


def _knob(field: RecipeField) -> dict[str, Any]:
    interval = field.interval
    return {
        "name": field.name,
        "help": field.help,
        "expected": field.expected,
        "kind": field.kind.__name__,
        "layers": bool(field.layers),
        "low": interval and interval.low,
        "high": interval and interval.high,
    }
