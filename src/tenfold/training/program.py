"""Whole epochs as one compiled program, for one network or for many at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tenfold.augment import augment
from tenfold.backend import keras
from tenfold.errors import InputError
from tenfold.recipes import Augmentation
from tenfold.training.data import DeviceData, Window
from tenfold.training.rules import with_rules

SEGMENT_SECONDS = 0.4
EVALUATION_BATCH = 250

Logs = dict[str, np.ndarray]


@dataclass(frozen=True)
class State:
    """Every number of a training: four lists of arrays, with a leading axis if networks are many.

    ``metrics`` are the running sums of the epoch; the rest is what a network and its optimizer
    keep from epoch to epoch.
    """

    trainable: list[jax.Array]
    non_trainable: list[jax.Array]
    optimizer: list[jax.Array]
    metrics: list[jax.Array]


jax.tree_util.register_dataclass(State, ["trainable", "non_trainable", "optimizer", "metrics"], [])


def _variables(model: keras.Model) -> State:
    return State(
        list(model.trainable_variables),
        list(model.non_trainable_variables),
        list(model.optimizer.variables),
        list(model.metrics_variables),
    )


def read_state(model: keras.Model) -> State:
    """Copy the values of a built and compiled model."""
    state: State = _copy(jax.tree.map(lambda variable: variable.value, _variables(model)))
    return state


@jax.jit
def _copy(arrays: Any) -> Any:
    """All arrays in one program, where one after the other would each start one."""
    return jax.tree.map(jnp.copy, arrays)


def write_state(model: keras.Model, state: State) -> None:
    """Give a model the values of a state."""
    jax.tree.map(lambda variable, value: variable.assign(value), _variables(model), state)


def stack_states(states: Sequence[State]) -> State:
    """Join the states of equal networks along a new first axis."""
    state: State = jax.tree.map(lambda *values: jnp.stack(values), *states)
    return state


def unstack_state(state: State, network: int) -> State:
    """One network's state out of many."""
    one: State = jax.tree.map(lambda values: values[network], state)
    return one


class Program:
    """The compiled steps of one architecture.

    Args:
        model: a compiled ``keras.Model``; it is built here if it is not yet.
        image_shape: height and width of the images.
        classes: how many classes the labels have.
        batch_size: images a step.
        augmentation: what is done to the images in training.
        networks: None for one network, else the length of the leading axis of its states.

    Raises:
        InputError: the model is not compiled, does not fit the images, or has another number
            of outputs than there are classes.
    """

    def __init__(
        self,
        model: keras.Model,
        image_shape: tuple[int, int],
        classes: int,
        batch_size: int,
        augmentation: Augmentation | None = None,
        networks: int | None = None,
    ) -> None:
        self.model = model
        self.image_shape = image_shape
        self.classes = classes
        self.batch_size = batch_size
        self.augmentation = augmentation or Augmentation()
        self.networks = networks
        self._input = InputAdapter(model, image_shape, classes)
        self._check_outputs()
        self.build(model)
        model.reset_metrics()
        self.fresh_metrics = read_state(model).metrics
        if networks is not None:
            self.fresh_metrics = [
                jnp.broadcast_to(value, (networks, *value.shape)) for value in self.fresh_metrics
            ]
        self._steps_a_second: float | None = None
        self._train = jax.jit(
            self._train_steps,
            donate_argnums=0,
            static_argnames="size",
            compiler_options=_compiler_options(model),
        )
        self._test = jax.jit(self._test_steps, static_argnames="size")
        self._ahead: Thread | None = None
        self._compiled_ahead = False

    def build(self, model: keras.Model) -> None:
        """Make a model's variables, with those of its optimizer and metrics, where they lack."""
        shape: Any = jax.ShapeDtypeStruct
        images = shape((2, *self.image_shape), np.uint8)
        x, y = jax.eval_shape(self._input, images, shape((2,), np.int32))
        try:
            model._symbolic_build(data_batch=(x, y))
        except ValueError as error:
            raise InputError(
                f"the model cannot be called on images of {_text(x.shape[1:])}: "
                f"{' '.join(str(error).split())[:300]}"
            ) from error

    def _check_outputs(self) -> None:
        shape = getattr(self.model, "output_shape", None)
        if isinstance(shape, tuple) and (len(shape) != 2 or shape[-1] != self.classes):
            raise InputError(
                f"the model's output has shape {_text(shape[1:])}, the data has {self.classes} "
                f"classes; end the model with Dense({self.classes}, activation='softmax')"
            )

    def train_epoch(
        self,
        state: State,
        data: DeviceData,
        epoch: int,
        seeds: Sequence[int],
        shuffle: bool = True,
        places: np.ndarray | None = None,
        then: DeviceData | None = None,
    ) -> Iterator[tuple[State, int, Logs]]:
        """Train one epoch, yielding (state, images seen, running logs) a few times a second.

        The state handed in is consumed. ``seeds`` names one seed a network; a seed and an epoch
        decide the order of the images and their augmentation. ``places``, int
        ``[networks, images]``, names the images that each network sees; all, without it. What
        evaluation on ``then`` needs is compiled in a thread while the first steps are made; the
        model must be left alone until the epoch is over.
        """
        each = np.array([seed % 2**32 for seed in seeds], np.uint32)
        keys = _keys(each if self.networks else each[0], epoch)
        state = State(state.trainable, state.non_trainable, state.optimizer, self._metrics())
        before = 0
        for window in data.windows(self.batch_size, epoch if shuffle else None):
            part = () if data.whole else (window.number,)
            n = window.count if places is None else places.shape[1]
            orders = np.stack([_order(n, (seed, epoch, *part), shuffle) for seed in seeds])
            if places is not None:
                orders = np.take_along_axis(places.astype(np.int32), orders, axis=1)
            own = self._other(keys, len(data) + 1 + window.number) if part else keys
            for latest, seen, logs in self._train_window(state, window, orders, own):
                state = latest
                if then is not None and not self._compiled_ahead:
                    self._compile_ahead(state, data, then)
                yield state, before + seen, logs
            before += n

    def _train_window(
        self, state: State, window: Window, orders: np.ndarray, keys: jax.Array
    ) -> Iterator[tuple[State, int, Logs]]:
        """Train on the images of a window, in the orders ``[networks, images]``."""
        images, labels, batch, n = window.images, window.labels, self.batch_size, orders.shape[1]
        whole, rest = divmod(n, batch)
        # A window that is not full has the shape of the others, and so their program.
        padding = max(0, len(labels) - n) if window.count == n else 0
        padded = np.pad(orders, ((0, 0), (0, padding)))
        order = jnp.asarray(padded if self.networks else padded[0])
        step = 0
        while step < whole:
            stop = min(whole, step + self._segment())
            began = time.perf_counter()
            state, logs = self._train(state, images, labels, order, keys, step, stop, size=batch)
            logs = jax.device_get(logs)
            self._steps_a_second = (stop - step) / (time.perf_counter() - began)
            step = stop
            yield state, step * batch, logs
        if rest:
            self._wait()
            tail = order[..., whole * batch : n]
            keys = self._other(keys, n)
            state, logs = self._train(state, images, labels, tail, keys, 0, 1, size=rest)
            yield state, n, jax.device_get(logs)

    def evaluate(self, state: State, data: DeviceData) -> Logs:
        """Loss and metrics over a dataset, every image counted once."""
        self._wait()
        state = State(state.trainable, state.non_trainable, [], self._metrics())
        for window in data.windows(EVALUATION_BATCH):
            for images, labels, steps, size in _batches(window):
                state, logs = self._test(state, images, labels, 0, steps, size=size)
        return jax.device_get(logs)  # type: ignore[no-any-return]

    def _compile_ahead(self, state: State, data: DeviceData, then: DeviceData) -> None:
        """Begin to compile what the epoch ends with: the step of its last batch, evaluation."""
        self._compiled_ahead = True
        if data.whole is not None and then.whole is not None:
            shapes = _shapes(state)  # the state itself is consumed meanwhile
            self._ahead = Thread(target=self._compile, args=(shapes, data.whole, then.whole))
            self._ahead.start()

    def _compile(self, state: State, window: Window, then: Window) -> None:
        many = () if self.networks is None else (self.networks,)
        rest = window.count % self.batch_size
        if rest:
            arrays = _shapes((window.images, window.labels))
            order = np.zeros((*many, rest), np.int32)
            keys = jax.eval_shape(_keys, np.zeros(many, np.uint32), 0)
            self._train.lower(state, *arrays, order, keys, 0, 1, size=rest).compile()
        state = State(state.trainable, state.non_trainable, [], state.metrics)
        for images, labels, steps, size in _batches(then):
            self._test.lower(state, images, labels, 0, steps, size=size).compile()

    def _wait(self) -> None:
        """Until nothing is compiled in a thread any more: Keras traces a model once at a time."""
        if self._ahead is not None:
            self._ahead.join()
            self._ahead = None

    def _metrics(self) -> list[jax.Array]:
        fresh: list[jax.Array] = _copy(self.fresh_metrics)
        return fresh

    def _segment(self) -> int:
        if self._steps_a_second is None:
            return 16
        return max(1, int(self._steps_a_second * SEGMENT_SECONDS))

    def _other(self, keys: jax.Array, number: int) -> jax.Array:
        """Keys of another part of the epoch than the steps of a window, which are numbered too."""
        fold: Callable[..., jax.Array] = jax.random.fold_in
        return jax.vmap(fold, (0, None))(keys, number) if self.networks else fold(keys, number)

    # What follows is traced.

    def _train_steps(
        self,
        state: State,
        images: jax.Array,
        labels: jax.Array,
        order: jax.Array,
        keys: jax.Array,
        start: int,
        stop: int,
        *,
        size: int,
    ) -> tuple[State, dict[str, jax.Array]]:
        def train(state: State, x: jax.Array, y: jax.Array, key: jax.Array) -> State:
            x, y = self._input(x, y, lambda pixels: self._augment(key, pixels))
            lists = (state.trainable, state.non_trainable, state.optimizer, state.metrics)
            with _Rules(self.model):
                _, lists = self.model.train_step(lists, (x, y))
            return State(*lists)

        def step(i: jax.Array, state: State) -> State:
            chosen = lax.dynamic_slice_in_dim(order, i * size, size, axis=-1)
            x = images.at[chosen].get(mode="promise_in_bounds")
            y = labels.at[chosen].get(mode="promise_in_bounds")
            own = self._fold(keys, i) if self.augmentation else keys
            new: State = self._each(train, (0, 0, 0, 0))(state, x, y, own)
            return new

        state = lax.fori_loop(start, stop, step, state)
        return state, self._logs(state.metrics)

    def _test_steps(
        self,
        state: State,
        images: jax.Array,
        labels: jax.Array,
        start: int,
        stop: int,
        *,
        size: int,
    ) -> tuple[State, dict[str, jax.Array]]:
        def test(state: State, x: jax.Array, y: jax.Array) -> State:
            x, y = self._input(x, y)
            lists = (state.trainable, state.non_trainable, state.metrics)
            with _Rules(self.model):
                _, lists = self.model.test_step(lists, (x, y))
            return State(state.trainable, state.non_trainable, [], lists[2])

        def step(i: jax.Array, state: State) -> State:
            x = lax.dynamic_slice_in_dim(images, i * size, size)
            y = lax.dynamic_slice_in_dim(labels, i * size, size)
            new: State = self._each(test, (0, None, None))(state, x, y)
            return new

        state = lax.fori_loop(start, stop, step, state)
        return state, self._logs(state.metrics)

    def _each(self, function: Callable[..., Any], axes: tuple[int | None, ...]) -> Any:
        """The function for one network, or for each of many: all arguments at axis 0 are stacked.

        Convolutions are not batched over networks on a CPU: there it is faster to take the
        networks in turn, within the same program.
        """
        if self.networks is None:
            return function
        if not (_has_convolutions(self.model) and jax.default_backend() == "cpu"):
            return jax.vmap(function, axes)

        def in_turn(*args: Any) -> Any:
            def one(own: list[Any]) -> Any:
                rest = iter(own)
                return function(
                    *(
                        arg if axis is None else next(rest)
                        for arg, axis in zip(args, axes, strict=True)
                    )
                )

            return lax.map(one, [a for a, axis in zip(args, axes, strict=True) if axis == 0])

        return in_turn

    def _fold(self, keys: jax.Array, i: jax.Array) -> jax.Array:
        folded: jax.Array = self._each(jax.random.fold_in, (0, None))(keys, i)
        return folded

    def _augment(self, key: jax.Array, pixels: jax.Array) -> jax.Array:
        return augment(key, pixels, self.augmentation) if self.augmentation else pixels

    def _logs(self, metrics: list[jax.Array]) -> dict[str, jax.Array]:
        def results(values: list[jax.Array]) -> dict[str, jax.Array]:
            mapping = list(zip(self.model.metrics_variables, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                return dict(self.model.get_metrics_result())

        return self._each(results, (0,))(metrics)  # type: ignore[no-any-return]


class _Rules:
    """While it is open, a model's loss is traced with the CPU's faster rules."""

    def __init__(self, model: keras.Model) -> None:
        self.model = model

    def __enter__(self) -> None:
        if jax.default_backend() == "cpu":
            original = self.model.compute_loss_and_updates

            def compute_loss_and_updates(*args: Any, training: bool = False, **named: Any) -> Any:
                def call(args: Any, named: Any) -> Any:
                    return original(*args, training=training, **named)

                return with_rules(call)(args, named)

            self.model.compute_loss_and_updates = compute_loss_and_updates

    def __exit__(self, *_: object) -> None:
        self.model.__dict__.pop("compute_loss_and_updates", None)


class InputAdapter:
    """Turns uint8 pixels ``[n, pixels]`` and integer labels into what a model and its loss take.

    Pixels are scaled to [0, 1], unless the model itself begins with a ``Rescaling`` layer;
    labels are one-hot, unless the loss is a sparse one.
    """

    def __init__(self, model: keras.Model, image_shape: tuple[int, int], classes: int) -> None:
        if not getattr(model, "compiled", False):
            raise InputError("the model is not compiled; call model.compile(optimizer, loss) first")
        self.image_shape, self.classes = image_shape, classes
        self.shape = model_input_shape(model, image_shape)
        self.model = model
        self.sparse = _is_sparse(model.loss)

    def __call__(
        self,
        pixels: Any,
        labels: Any,
        change: Callable[[jax.Array], jax.Array] = lambda images: images,
    ) -> tuple[jax.Array, jax.Array]:
        """Inputs and targets of a batch; ``change`` acts on the scaled images ``[n, h, w]``."""
        n = pixels.shape[0]
        images = scale_images(self.model, jnp.asarray(pixels)).reshape(n, *self.image_shape)
        x = change(images).reshape(n, *self.shape)
        labels = jnp.asarray(labels)
        return x, labels if self.sparse else jax.nn.one_hot(labels, self.classes)


def model_input_shape(model: keras.Model, image_shape: tuple[int, int]) -> tuple[int, ...]:
    """The shape of one input of a model: flat, ``[height, width]`` or ``[height, width, 1]``.

    Raises:
        InputError: the model has no input shape yet, several inputs, or takes other images.
    """
    shape = getattr(model, "input_shape", None)
    if shape is None and model.built:
        shape = (model.get_build_config() or {}).get("input_shape")
    height, width = image_shape
    allowed = ((height * width,), (height, width), (height, width, 1))
    if not isinstance(shape, tuple):
        raise InputError(
            "the model has no single input shape yet; begin it with "
            f"keras.Input({allowed[0]}) or keras.Input({allowed[2]}), or call it once"
        )
    if shape[1:] not in allowed:
        raise InputError(
            f"the model takes inputs of {_text(shape[1:])}, the images are {height}x{width}; "
            f"allowed are {', '.join(map(str, allowed))}"
        )
    return tuple(shape[1:])


def scale_images(model: keras.Model, pixels: jax.Array) -> jax.Array:
    """uint8 pixels as float32 in [0, 1]; in [0, 255] for a model that rescales them itself."""
    white = 1 if _begins_with_rescaling(model) else 255
    return pixels.astype(jnp.float32) / white


def _begins_with_rescaling(model: keras.Model) -> bool:
    layers = [la for la in model.layers if not isinstance(la, keras.layers.InputLayer)]
    shapers = (keras.layers.Flatten, keras.layers.Reshape)
    first = next((la for la in layers if not isinstance(la, shapers)), None)
    return isinstance(first, keras.layers.Rescaling)


def _compiler_options(model: keras.Model) -> dict[str, str]:
    """All of LLVM's optimisations, and where a CPU convolves at every pixel, XLA's plain kernels.

    These instead of its YNN fusions gain a quarter of the time of the tutorials' convolutional
    network; networks without such layers lose. The option is experimental: a version of XLA that
    lacks it goes without.
    """
    options = {"xla_backend_optimization_level": "3"}
    if jax.default_backend() != "cpu" or not any(
        isinstance(layer, keras.layers.Conv2D) and set(layer.strides) == {1}
        for layer in model.layers
    ):
        return options
    plain = options | {"xla_cpu_experimental_ynn_fusion_type": ""}
    try:
        jax.jit(lambda x: x + 1, compiler_options=plain)(0)
    except jax.errors.JaxRuntimeError:
        return options
    return plain


def _has_convolutions(model: keras.Model) -> bool:
    return any(len(weight.shape) == 4 for weight in model.weights)


def _is_sparse(loss: Any) -> bool:
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return "sparse" in name.lower()


def _order(n: int, seed: tuple[int, ...], shuffle: bool) -> np.ndarray:
    if not shuffle:
        return np.arange(n, dtype=np.int32)
    return np.random.default_rng(seed).permutation(n).astype(np.int32)


def _batches(window: Window) -> Iterator[tuple[jax.Array, jax.Array, int, int]]:
    """Images, labels, how many batches, and their size: the whole ones, then what is left."""
    size = min(EVALUATION_BATCH, window.count)
    whole, rest = divmod(window.count, size)
    yield window.images, window.labels, whole, size
    if rest:
        tail = slice(whole * size, window.count)
        yield window.images[tail], window.labels[tail], 1, rest


@jax.jit
def _keys(seeds: jax.Array, epoch: int) -> jax.Array:
    """The key of an epoch for a seed, or for each of several."""

    def key(seed: jax.Array) -> jax.Array:
        return jax.random.fold_in(jax.random.key(seed), epoch)

    return jax.vmap(key)(seeds) if seeds.ndim else key(seeds)


def _shapes(arrays: Any) -> Any:
    shape: Any = jax.ShapeDtypeStruct
    return jax.tree.map(lambda array: shape(array.shape, array.dtype), arrays)


def _text(shape: Sequence[int | None]) -> str:
    return "x".join(str(size) for size in shape) or "a single number"
