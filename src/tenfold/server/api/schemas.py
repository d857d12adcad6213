"""Types that several groups of endpoints share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="Stable; see the table of error codes.")
    message: str = Field(description="One line for people.")
    status: int
    details: dict[str, Any] | None = None


class Error(BaseModel):
    """The shape of every error."""

    error: ErrorDetail


class Version(BaseModel):
    """The version of the model that made the prediction."""

    version: Count


class Candidate(BaseModel):
    """A class and its probability."""

    label: str
    probability: Probability


class Answer(BaseModel):
    """The prediction for one image."""

    label: str | None = Field(
        description="The most probable class; null if that is the reject class."
    )
    confidence: Probability = Field(description="Probability of the most probable class.")
    accepted: bool = Field(
        description="Whether the confidence reaches the threshold; otherwise the model abstains."
    )
    top: list[Candidate] = Field(description="The most probable classes.")


class LabelsAnswer(BaseModel):
    """The prediction for one image by a model for several labels an image."""

    labels: list[str] = Field(description="Those with a probability from 0.5 on; maybe none.")
    top: list[Candidate] = Field(
        description="The most probable labels; by default all. Each has a probability of its own, "
        "so that they do not sum to 1."
    )
