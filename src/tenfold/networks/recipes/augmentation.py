"""The fields of augmentation; `tenfold.networks.augmentation` applies them."""

from dataclasses import astuple, dataclass
from typing import Annotated

from tenfold.core.errors import InputError
from tenfold.networks.fields import Field, Interval, declared

SHARE = Interval(0, 1)


@dataclass(frozen=True)
class Augmentation:
    """Random changes of the training images; 0 turns a change off.

    Every image of a batch is changed by its own random draw, with the given values as the largest
    ones.

    Raises:
        InputError: a value is negative, or larger than what leaves a digit in its frame.

    Example:
        >>> Augmentation(shift=2, rotation=10).scale
        0.0
    """

    shift: Annotated[float, Field("Shift along each axis, in pixels.", Interval(0, 14))] = 0.0
    rotation: Annotated[float, Field("Rotation either way, in degrees.", Interval(0, 180))] = 0.0
    scale: Annotated[float, Field("Change of size; 0.1 is 0.9 to 1.1 times.", Interval(0, 0.9))] = (
        0.0
    )
    shear: Annotated[float, Field("Horizontal shear, tangent of the angle.", Interval(0, 1))] = 0.0
    elastic: Annotated[float, Field("Elastic distortion, in pixels.", Interval(0, 20))] = 0.0
    thickness: Annotated[float, Field("Change of stroke width, in pixels.", Interval(0, 2))] = 0.0
    blur: Annotated[float, Field("Sigma of a Gaussian blur, in pixels.", Interval(0, 3))] = 0.0
    noise: Annotated[
        float,
        Field("Standard deviation of noise, lowers contrast too.", Interval(0, 0.2)),
    ] = 0.0
    clutter: Annotated[float, Field("Share of images with a line or neighbour added.", SHARE)] = 0.0
    flip: Annotated[float, Field("Share of images mirrored, left to right.", SHARE)] = 0.0
    alternate: Annotated[
        bool, Field("Mirror each image in a share `flip` of its epochs, in turn.")
    ] = False
    cutout: Annotated[
        int, Field("Side of a black square at a random place, in pixels.", Interval(0, 128))
    ] = 0

    def __post_init__(self) -> None:
        for field in declared(type(self)).values():
            field.check(getattr(self, field.name), f"augmentation {field.name}")
        if self.alternate and not self.flip:
            raise InputError("alternate: no images are mirrored; give flip too, such as 0.5")

    def __bool__(self) -> bool:
        return any(astuple(self))
