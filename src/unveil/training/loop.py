"""Training: one loop for a laptop and for several processes.

The engine is Hugging Face accelerate: started alone, it is a plain loop; started by
``torchrun --nproc-per-node N -m unveil train ...`` each process takes its share of every batch
and gradients are averaged, so the global batch, and with it the result, stays the same. (Except
for the VCAE: each process draws its own noise.)
"""

import contextlib
import hashlib
import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Optimizer

from unveil.config import RunConfig, TrainConfig, to_plain
from unveil.degradation.degrade import degrade
from unveil.errors import UnveilError, UsageError
from unveil.files import only_one
from unveil.networks import checkpoint
from unveil.networks.architectures import build
from unveil.networks.card import CARD_NAME, Card, find_model, read_card
from unveil.networks.network import Network
from unveil.networks.torch_engine import autocast, choose_runtime
from unveil.runtime import Runtime, keep_freed_memory, provenance
from unveil.training.augment import augment
from unveil.training.calibration import build_objective
from unveil.training.data import Photos, epoch_batches, open_photos
from unveil.training.objectives import TrainStep
from unveil.training.optimizer import build_optimizer, learning_rate
from unveil.training.prior import fit_training_photos
from unveil.training.reporting import Reporter
from unveil.training.splits import describe
from unveil.training.state import Run, State, TrainingInterruptedError, stop_signals

WAIT_FOR_IT = "wait for it, or choose another --output"


def train(
    config: RunConfig,
    folder: Path,
    *,
    resume: bool = False,
    after_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> Path:
    """Train a model and return the folder of its best checkpoint.

    Args:
        config: the whole run; on resume, what the run was started with.
        folder: run folder; holds the checkpoints ``best`` and ``last``.
        resume: continue from ``last``. On the CPU, with the same number of threads, the result
            is bit-identical to that of a run that was never interrupted.
        after_epoch: called in each process with the history's entry of every epoch that is
            trained here, once its checkpoint is written; an exception that it raises ends the
            run.

    Raises:
        UnveilError: the photos cannot be used, or the folder holds another run.
        DivergedError: the loss or a weight became NaN or infinite.
        TrainingInterruptedError: after Ctrl-C or SIGTERM, once the state is saved.
    """
    runtime = choose_runtime(config.runtime)
    accelerator = Accelerator(cpu=runtime.device == "cpu")
    try:
        runtime = replace(runtime, device=str(accelerator.device))
        return _train(config, folder, runtime, accelerator, after_epoch, resume=resume)
    finally:
        # Close the process group; for the threads that outlive it see cli._leave_at_once.
        accelerator.end_training()


def _train(
    config: RunConfig,
    folder: Path,
    runtime: Runtime,
    accelerator: Accelerator,
    after_epoch: Callable[[dict[str, Any]], None] | None,
    *,
    resume: bool,
) -> Path:
    keep_freed_memory()
    with accelerator.main_process_first():
        photos = open_photos(config.data, config.train.shift_px)
    _check_batch(config.train, len(photos.splits["train"]), accelerator.num_processes)
    torch.manual_seed(config.train.seed)
    model = build(config.model).to(runtime.device).to(memory_format=torch.channels_last)
    optimizer = build_optimizer(model, config.train)
    if not resume:
        _start(model, config.train, photos, runtime)
    stored = read_card(folder / "last").loss if resume else {}
    objective, loss_record = build_objective(config, photos, runtime, stored)
    card = Card(
        model=config.model,
        operator=config.train.task.operator_text,
        storage=config.train.storage,
        run=to_plain(config),
        data=photos.summary(),
        provenance=provenance(runtime) | {"processes": accelerator.num_processes},
        loss=loss_record,
    )
    run = Run(config, photos, runtime, accelerator, model, card, folder, after_epoch)
    is_main = accelerator.is_main_process
    alone = only_one(folder, "training", WAIT_FOR_IT) if is_main else contextlib.nullcontext()
    step = TrainStep(model, objective, partial(autocast, runtime))
    with alone, Reporter(config.train.epochs, visible=is_main) as reporter:
        state = _take_up(run, optimizer) if resume else _begin(run)
        reporter.print(f"training on {runtime}; processes: {accelerator.num_processes}")
        reporter.print(describe(photos.splits))
        wrapped, optimizer = accelerator.prepare(step, optimizer)
        _loop(run, state, wrapped, optimizer, reporter)
    return folder / "best"


def _loop(
    run: Run, state: State, train_step: nn.Module, optimizer: Optimizer, reporter: Reporter
) -> None:
    config, accelerator, device = run.config.train, run.accelerator, run.runtime.device
    numbers = run.numbers("train")
    epoch_steps = len(numbers) // config.batch
    total_steps = epoch_steps * config.epochs
    state.term_sums = {name: value.to(device) for name, value in state.term_sums.items()}
    with stop_signals() as signals:
        for epoch in range(state.step // epoch_steps, config.epochs):
            if state.is_stale(config.patience):
                reporter.print(f"stopped early: {config.patience} epochs without a better PSNR")
                break
            run.model.train()
            batches = epoch_batches(numbers, config.batch, config.seed, epoch)
            done = state.step % epoch_steps  # above 0 in an epoch that was interrupted
            started = time.perf_counter()
            for batch in itertools.islice(batches, done, None):
                if state.step % CHECK_STEPS == 0:
                    run.check_health(state)
                if _asked_to_stop(accelerator, signals):
                    run.check_health(state)
                    run.save("last", state, optimizer)
                    raise TrainingInterruptedError(run.folder, state.step, total_steps, signals)
                share = batch[accelerator.process_index :: accelerator.num_processes]
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate(config, state.step, total_steps)
                terms = _step(run, state.step, share, train_step, optimizer)
                state.add(terms)
                reporter.step(epoch, state.step, total_steps, terms["loss"])
            run.check_health(state)
            speed = (epoch_steps - done) * config.batch / (time.perf_counter() - started)
            means = {name: total / epoch_steps for name, total in run.terms(state).items()}
            is_best = (scores := run.score(state))["psnr"] > state.best_psnr
            entry = {"epoch": epoch + 1, **means, **scores, "images_per_second": speed}
            state.history.append(entry)
            state.term_sums.clear()
            # The best first: a crash between the two repeats the epoch, and so the best.
            if is_best:
                run.save("best", state)
            run.save("last", state, optimizer)
            reporter.epoch(entry)
            if run.after_epoch is not None:
                run.after_epoch(entry)
        if _asked_to_stop(accelerator, signals):  # too late to stop training: stop what follows
            raise TrainingInterruptedError(run.folder, state.step, total_steps, signals)


CHECK_STEPS = 50
"""Steps between two checks for NaN; each reads all weights, and so waits for the device."""


def _step(
    run: Run, step: int, share: np.ndarray, train_step: nn.Module, optimizer: Optimizer
) -> dict[str, Tensor]:
    """Take one step on the photos ``share`` and return the objective's terms."""
    config, accelerator = run.config.train, run.accelerator
    clean = run.photos.batch(share, run.runtime.device, config.shift_px)
    clean = augment(clean, config.seed, step, flip=config.flip, shift_px=config.shift_px)
    degradations = config.task.draw(config.seed, step)[: len(clean)]
    parts = zip(clean.tensor_split(len(degradations)), degradations, strict=True)
    obfuscated = torch.cat([degrade(part, degradation) for part, degradation in parts])
    torch.manual_seed(_noise_seed(config.seed, step, accelerator))
    terms: dict[str, Tensor] = train_step(clean, obfuscated, degradations, step)
    accelerator.backward(terms["loss"])
    if config.clip_norm is not None:
        accelerator.clip_grad_norm_(train_step.parameters(), config.clip_norm)
    optimizer.step()
    optimizer.zero_grad()
    return terms


def _noise_seed(seed: int, step: int, accelerator: Accelerator) -> int:
    """Return the seed of the VCAE's noise, different in each step and process.

    It is a function of the step, so that a checkpoint needs no random state.
    """
    text = f"{seed} {step} {accelerator.process_index}"
    # torch's CPU generator takes 32 bits: a hash, so that seeds and steps do not overlap.
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])


def _start(model: Network, config: TrainConfig, photos: Photos, runtime: Runtime) -> None:
    """Initialise what the seed does not determine: the prior, and weights to start from."""
    if model.prior is not None:
        model.use_prior(fit_training_photos(photos, runtime.device, config.limit))
    if config.start_from is not None:
        folder = find_model(str(config.start_from))
        checkpoint.load_start(model, folder, read_card(folder))


def _begin(run: Run) -> State:
    if (run.folder / "last" / CARD_NAME).exists():
        raise UsageError(
            f"{run.folder}: holds a run already; go on with --resume {run.folder}, "
            "or choose another --output."
        )
    return State()


def _take_up(run: Run, optimizer: Optimizer) -> State:
    """Load ``last`` into model and optimiser.

    Raises:
        UnveilError: it was trained on other photos.
    """
    folder = run.folder / "last"
    card = read_card(folder)
    if card.data != run.card.data:
        raise UnveilError(f"{run.config.data.data}: not the photos that {folder} was trained on.")
    checkpoint.load_weights(run.model, folder, card)
    checkpoint.load_optimizer(optimizer, checkpoint.read_tensors(folder, card, "optimizer"))
    term_sums = {name: torch.tensor(value) for name, value in card.term_sums.items()}
    return State(card.step, term_sums, list(card.history))


def _check_batch(config: TrainConfig, photos: int, processes: int) -> None:
    photos = min(photos, config.limit or photos)
    if photos < config.batch:
        raise UsageError(f"{photos} training photos do not fill one --batch of {config.batch}.")
    if config.batch % processes:
        raise UsageError(f"--batch {config.batch} does not divide among {processes} processes.")


def _asked_to_stop(accelerator: Accelerator, signals: list[int]) -> bool:
    """Return whether any process received a signal, so that all stop at the same step."""
    if accelerator.num_processes == 1:
        return bool(signals)
    flag = torch.tensor(float(len(signals)), device=accelerator.device)
    return float(accelerator.reduce(flag, "sum")) > 0
