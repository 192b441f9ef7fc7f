"""Progress of a training run: a live bar on a terminal, a line every ten seconds in a pipe."""

import sys
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from unveil import console

REFRESH_STEPS = 10


class Reporter:
    """Prints steps and epochs of one run to standard error.

    Args:
        epochs: number of epochs of the whole run.
        visible: False in all processes except the main one.
    """

    def __init__(self, epochs: int, *, visible: bool = True) -> None:
        terminal = Console(stderr=True)
        self.epochs = epochs
        self.visible = visible
        self.psnr = "-"
        self.pace = console.Pace()
        self.steps_before: int | None = None
        self.bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(),
            TextColumn("loss {task.fields[loss]}  PSNR {task.fields[psnr]} dB  left"),
            TimeRemainingColumn(),
            console=terminal,
            disable=console.is_quiet() or not (visible and terminal.is_terminal),
        )
        self.task = self.bar.add_task("", epoch=1, epochs=epochs, loss="-", psnr="-")

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def print(self, line: str) -> None:
        """Print one line, above the bar if there is one."""
        if self.visible and not console.is_quiet():
            self.bar.console.print(line, highlight=False, soft_wrap=True)

    def step(self, epoch: int, step: int, total_steps: int, loss: Tensor) -> None:
        """Report that ``step`` of ``total_steps`` are done; ``epoch`` counts from 0."""
        if self.steps_before is None:  # a resumed run does not begin at step 1
            self.steps_before = step - 1
        # Reading the loss waits for the device, so not at every step.
        if self.bar.disable:
            if self.visible and step < total_steps and self.pace.is_due():
                speed = self.pace.describe(step - self.steps_before, total_steps - step)
                self.print(
                    f"epoch {epoch + 1}/{self.epochs}: step {step} of {total_steps}, {speed}, "
                    f"loss {float(loss.detach()):.5f}"
                )
            return
        if step % REFRESH_STEPS:
            return
        self.bar.update(
            self.task,
            completed=step,
            total=total_steps,
            epoch=epoch + 1,
            loss=f"{float(loss.detach()):.5f}",
            psnr=self.psnr,
        )

    def epoch(self, entry: dict[str, Any]) -> None:
        """Print the scores of a finished epoch, an entry of the checkpoint's history."""
        self.psnr = f"{entry['psnr']:.2f}"
        self.print(
            f"epoch {entry['epoch']}/{self.epochs}  loss {entry['loss']:.5f}  "
            f"validation {entry['psnr']:.2f} dB  ssim {entry['ssim']:.4f}  "
            f"ssim_deck {entry['ssim_deck']:.4f}  {entry['images_per_second']:.0f} images/s"
        )
        sys.stderr.flush()
