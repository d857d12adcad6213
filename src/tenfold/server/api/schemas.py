"""What goes in and comes out as JSON, for the checks of what comes in and for OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class Problem(BaseModel):
    """What went wrong."""

    code: str = Field(description="Stable; see the table of codes.")
    message: str = Field(description="One line for people.")
    status: int
    details: dict[str, Any] | None = None


class Error(BaseModel):
    """The shape of every error."""

    error: Problem


class State(BaseModel):
    """How the service is."""

    status: str


class Version(BaseModel):
    """Which version of the network answered."""

    version: Count


class Candidate(BaseModel):
    """A class that an image may be of."""

    label: str
    probability: Share


class Answer(BaseModel):
    """The answer to one image."""

    label: str | None = Field(description="The most probable class; null where it is no digit.")
    confidence: Share = Field(description="Of the most probable class.")
    accepted: bool = Field(description="Whether that is sure enough; else it is: I don't know.")
    top: list[Candidate]


class Predicted(BaseModel):
    """The answers to images, in their order."""

    answers: list[Answer]
    model: Version


class Images(BaseModel):
    """Images as numbers: bytes from 0 to 255, or shares of white from 0 to 1 as fractions."""

    images: list[list[list[float]]]


class Form(BaseModel):
    """A form with image files."""

    file: list[bytes]


class PictureForm(BaseModel):
    """A form with one picture."""

    file: bytes


class Other(Answer):
    """Something in a picture that is no digit."""

    box: list[int] = Field(description="Left, top, right, bottom in pixels.")
    image: str = Field(description="The 28x28 that the network saw, as base64 of a PNG.")


class Digit(Other):
    """A digit in a picture."""

    line: Count
    number: Count


class Read(BaseModel):
    """What was read in a picture."""

    text: str
    lines: list[str]
    digits: list[Digit]
    others: list[Other] = Field(description="What the network took for no digit.")
    size: list[int] = Field(description="Width and height of the upright picture.")
    turned: Literal[0, 90, 180, 270] = Field(
        description="Degrees counter-clockwise by which the picture was turned to be read, beyond "
        "what its EXIF data say; boxes are in the turned picture."
    )
    model: Version


class Evidence(BaseModel):
    """Where in an image the evidence lies: above 0 for the label, below 0 against it."""

    label: str
    rows: list[list[float]]
    strongest: float = Field(description="Nats of log odds that 1 stands for.")


class Near(BaseModel):
    """A training image that looks alike."""

    label: str
    distance: float
    index: Count
    image: str


class Explained(BaseModel):
    """Why an image was answered so."""

    answer: Answer
    evidence: Evidence
    nearest: list[Near]
    model: Version


class LimitsOfRequests(BaseModel):
    """The most that one request may hold."""

    body: Count
    pixels: Count
    side: Count
    images: Count


class Model(BaseModel):
    """What the network says of itself."""

    model_config = ConfigDict(extra="allow")

    name: str
    class_names: list[str]
    image_shape: list[int]
    threshold: dict[str, Any] | None
    recipe: dict[str, Any]
    scores: dict[str, Any]
    bytes: Count
    version: Count
    tenfold: str
    source: str
    has_no_digit: bool
    limits: LimitsOfRequests
    run: bool


class NewSample(BaseModel):
    """An image with its right label."""

    model_config = ConfigDict(extra="forbid", strict=True)

    image: str = Field(description="Base64 of 784 bytes row by row, or of a 28x28 PNG.")
    label: str = Field(description="One of the model's class names.")
    guess: str | None = Field(None, description="What was answered.", max_length=64)
    confidence: Share | None = None
    source: Literal["drawn", "read", "predict"] = "drawn"


class Sample(BaseModel):
    """A stored sample."""

    id: str
    label: str
    guess: str | None
    confidence: float | None
    source: str
    time: str


class SampleList(BaseModel):
    """Samples, newest first, and how many each class has in all."""

    samples: list[Sample]
    counts: dict[str, int]
    total: Count


class Progress(BaseModel):
    """Where a retraining is."""

    model_config = ConfigDict(extra="allow")

    state: Literal["idle", "running", "finished", "failed", "cancelled"]
    epoch: Count
    epochs: Count | None
    seconds: float
    error: str | None
    comparison: dict[str, Any] | None


class ModelVersion(BaseModel):
    """A version of the network."""

    model_config = ConfigDict(extra="allow")

    version: Count
    source: str
    current: bool


class Versions(BaseModel):
    """All versions; one answers."""

    versions: list[ModelVersion]


class RunShown(BaseModel):
    """A run, finished or under way."""

    model_config = ConfigDict(extra="allow")

    title: str
    status: Literal["training", "finished", "diverged"]
    epoch: Count
    epochs: Count
    history: list[dict[str, float | None]]
    confusion: list[list[int]] | None
    class_names: list[str]
    report: bool


class CellImage(BaseModel):
    """An image of a cell of the confusion matrix."""

    index: Count
    confidence: Share
    image: str


class Cell(BaseModel):
    """The images of a cell of the confusion matrix, the most confident first."""

    total: Count
    images: list[CellImage]
